export { type ActiveKey, loadOwnKeys, type OwnKeys } from './own-keys.ts'
export { keyRoutes } from './routes.ts'
