export { createHttpClient } from '#egress'
export type {
  EgressPolicy,
  HttpClient,
  HttpClientOptions,
  HttpMethod,
  HttpRequestOptions,
  HttpResponse,
  HttpStreamOptions,
} from './http-client.ts'
export { SIGNATURE_CHALLENGE } from './signature-profile.ts'
export { type RequestToSign, signRequest } from './sign-request.ts'
export type { RequestSender } from './signature-parameters.ts'
export { type ReceivedRequest, type RequestTrust, verifyRequest } from './verify-request.ts'
