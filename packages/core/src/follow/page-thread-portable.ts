import type { ExamineOnThread } from './page-thread.ts'

/** Where there are no threads. See {@link ExamineOnThread}. */
export const examineOnThread: ExamineOnThread = async () => undefined
