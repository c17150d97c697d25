/** The version of this package, as the version route tells it. A test holds it to package.json. */
export const VERSION = '0.0.0'
