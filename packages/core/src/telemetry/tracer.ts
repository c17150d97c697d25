import { reasonOf } from '../errors.ts'

/** What a span says about its work, by name. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

/** The part of a span of `@opentelemetry/api` that the federation uses. */
export interface Span {
  setAttribute(name: string, value: string | number | boolean): unknown
  recordException(exception: string | Error): void
  setStatus(status: { readonly code: number; readonly message?: string }): unknown
  end(): void
}

/** The part of a tracer of `@opentelemetry/api` that the federation uses: `trace.getTracer('my-site')` is one. */
export interface Tracer {
  startActiveSpan<Result>(
    name: string,
    options: { readonly kind?: number; readonly attributes?: SpanAttributes },
    work: (span: Span) => Result,
  ): Result
}

/** `SpanStatusCode.ERROR` of `@opentelemetry/api`. */
const STATUS_ERROR = 2

/** `SpanKind` of `@opentelemetry/api`: work of this server, or a request to another one. */
export const SPAN_KIND: { readonly internal: 0; readonly client: 2 } = { internal: 0, client: 2 }

/** Does the work in a span of its own, which ends with it and says why it failed. */
export function inSpan<Result>(
  tracer: Tracer,
  name: string,
  options: { readonly kind: 0 | 2; readonly attributes: SpanAttributes },
  work: (span: Span) => Promise<Result>,
): Promise<Result> {
  return tracer.startActiveSpan(name, options, async (span) => {
    try {
      return await work(span)
    } catch (error) {
      span.recordException(error instanceof Error ? error : reasonOf(error))
      span.setStatus({ code: STATUS_ERROR, message: reasonOf(error) })
      throw error
    } finally {
      span.end()
    }
  })
}
