// The types of Node's streams, for signatures that programs for browsers compile too: where the compiler has no types of
// Node, each is `any`, in place of an error in every program that imports the library.

// biome-ignore-start lint/suspicious/noTsIgnore: there is an error only where Node's types are not there

/** @ts-ignore A `Readable` of `node:stream`. */
export type NodeReadable = import("node:stream").Readable;

/** @ts-ignore A `Writable` of `node:stream`. */
export type NodeWritable = import("node:stream").Writable;

/** @ts-ignore A `Duplex` of `node:stream`. */
export type NodeDuplex = import("node:stream").Duplex;

// biome-ignore-end lint/suspicious/noTsIgnore: there is an error only where Node's types are not there
