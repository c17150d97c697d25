export { type Allowance, allowanceOf } from './allowance.ts'
export { createWorkLimits, type Release, type StrangersWork, type WorkLimits } from './work-limits.ts'
