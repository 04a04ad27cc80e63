// Types of Node, for signatures that programs for browsers compile too: where the compiler has no types of
// Node, each is `any`, in place of an error in every program that imports the library.

// biome-ignore-start lint/suspicious/noTsIgnore: there is an error only where Node's types are not there

/** @ts-ignore A `Readable` of `node:stream`. */
export type NodeReadable = import("node:stream").Readable;

/** @ts-ignore A `Writable` of `node:stream`. */
export type NodeWritable = import("node:stream").Writable;

/** @ts-ignore A `Duplex` of `node:stream`. */
export type NodeDuplex = import("node:stream").Duplex;

/** @ts-ignore The `Stats` of `node:fs`: size, times, kind and permissions of a file. */
export type FileStats = import("node:fs").Stats;

/** @ts-ignore A `ChildProcess` of `node:child_process`. */
export type NodeChildProcess = import("node:child_process").ChildProcess;

/** @ts-ignore A `MessagePort` of `node:worker_threads`. */
export type NodeMessagePort = import("node:worker_threads").MessagePort;

/** @ts-ignore What `node:worker_threads` moves to another thread rather than copying it. */
export type NodeTransferable = import("node:worker_threads").TransferListItem;

/** @ts-ignore A `SecureContext` of `node:tls`, made by `tls.createSecureContext`. */
export type NodeSecureContext = import("node:tls").SecureContext;

/** @ts-ignore A `TLSSocket` of `node:tls`. */
export type NodeTlsSocket = import("node:tls").TLSSocket;

/** @ts-ignore A `Server` of `node:tls`. */
export type NodeTlsServer = import("node:tls").Server;

/** @ts-ignore A `PeerCertificate` of `node:tls`. */
export type NodePeerCertificate = import("node:tls").PeerCertificate;

/** @ts-ignore An `X509Certificate` of `node:crypto`. */
export type NodeX509Certificate = import("node:crypto").X509Certificate;

// biome-ignore-end lint/suspicious/noTsIgnore: there is an error only where Node's types are not there
