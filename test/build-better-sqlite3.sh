#!/usr/bin/env bash
# Builds better-sqlite3 for the Node that stands first on the PATH, if it does not load there yet. The workspace's
# install leaves it unbuilt: it takes minutes, and only Node 20 needs it.
set -euo pipefail
cd "$(dirname "$0")/../packages/sqlite"

if node -e "new (require('better-sqlite3'))(':memory:')" 2>/dev/null; then
  echo "better-sqlite3 loads on $(node --version)"
  exit
fi
cd "$(realpath node_modules/better-sqlite3)"
npm_config_jobs=max npm run install
