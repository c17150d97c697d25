export type { FollowerStatus } from './follower-state.ts'
export { createPush, type Push, type PushOptions } from './push.ts'
export { type Reception } from './receiver.ts'
export { pushRoutes, type PushServing } from './routes.ts'
