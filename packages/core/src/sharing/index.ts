export { createDuty, type Duty } from './duty.ts'
export { createNewsroom, type Newsroom, type Reactions, type Tell } from './newsroom.ts'
