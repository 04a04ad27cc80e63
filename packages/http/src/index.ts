// The parser
export { BodyDecoder } from "./body-decoder.ts";
export { Fields } from "./fields.ts";
export { CHUNKED, type MessageHead, type RequestHead, type ResponseHead, UNTIL_CLOSE } from "./head.ts";
export { HeadParser } from "./head-parser.ts";
export { HttpError, type HttpErrorCode } from "./http-error.ts";
export { Inbox } from "./inbox.ts";
export { type ParserLimits, parserLimits } from "./limits.ts";
