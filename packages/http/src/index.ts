// The parser
export { BodyDecoder } from "./body-decoder.ts";
// The client
export type { HttpClientOptions, ProxyChoice } from "./client/client-options.ts";
export { type BodyLimit, ClientResponse } from "./client/client-response.ts";
export { type ClientRequest, HttpClient } from "./client/http-client.ts";
export type { ClientRequestOptions } from "./client/outgoing.ts";
export type { BodyChunk, RequestBody } from "./client/request-body.ts";
export type { RequestFields } from "./client/request-head.ts";
export type { UnreadResponse } from "./client/unread.ts";
// The server
export type { Handler } from "./connection.ts";
export { type Fetch, type FetchHandlerOptions, fetchHandler } from "./fetch-handler.ts";
export { Fields } from "./fields.ts";
export { CHUNKED, type MessageHead, type RequestHead, type ResponseHead, UNTIL_CLOSE } from "./head.ts";
export { HeadParser } from "./head-parser.ts";
export { HttpError, type HttpErrorCode } from "./http-error.ts";
export { Inbox } from "./inbox.ts";
export { type ParserLimits, parserLimits } from "./limits.ts";
export { type NodeHandlerOptions, type NodeListener, nodeHandler } from "./node-handler.ts";
export type { NodeUpgradeListener } from "./node-upgrade.ts";
export { HttpRequest } from "./request.ts";
export { HttpResponse } from "./response.ts";
export { serveConnection } from "./serve-connection.ts";
export { type CloseOptions, HttpServer, serve } from "./server.ts";
export type { ConnectionOptions, ServerOptions, StreamOptions } from "./server-options.ts";
