// What users import. Nothing is defined here.
import "./runtime/default.ts";

// Code that blocks, in other threads
export { type Blocking, type BlockingOptions, blocking } from "./blocking/blocking.ts";
export { cancelled } from "./blocking/cancelled.ts";
export type { CrossEnd } from "./blocking/cross-messages.ts";
export { crossMpsc, crossReceiver, crossSender } from "./blocking/cross-mpsc.ts";
export type { CrossPermit } from "./blocking/cross-permit.ts";
export type { CrossReceiver } from "./blocking/cross-receiver.ts";
export type { CrossSender } from "./blocking/cross-sender.ts";
export { type OnMain, onMain, type Services } from "./blocking/on-main.ts";
export { transfer } from "./blocking/transfer.ts";
// Combinators
export { allSettled, type SettledResults } from "./combine/all-settled.ts";
export { andThen } from "./combine/and-then.ts";
export { any } from "./combine/any.ts";
export { catchError } from "./combine/catch-error.ts";
export { finallyDo } from "./combine/finally-do.ts";
export { join, joinAll } from "./combine/join.ts";
export { lazy } from "./combine/lazy.ts";
export { map } from "./combine/map.ts";
export { never } from "./combine/never.ts";
export { pollFn } from "./combine/poll-fn.ts";
export { race } from "./combine/race.ts";
export { seedRandom } from "./combine/random.ts";
export { failed, ready } from "./combine/ready.ts";
export {
  type Arms,
  type Disabled,
  type SelectElseOptions,
  type Selected,
  type SelectOptions,
  select,
} from "./combine/select.ts";
export { tryJoin, tryJoinAll } from "./combine/try-join.ts";
export { withSignal } from "./combine/with-signal.ts";
// Futures and coroutines
export { type Cancellable, Cleanup } from "./core/cleanup.ts";
export { Context, type RuntimeHandle, type TimerDriver, type Waker } from "./core/context.ts";
export type { CoOptions } from "./core/coroutine.ts";
export {
  AllDisabledError,
  AllFailedError,
  AlreadyInitializedError,
  BadYieldError,
  CancelledError,
  CleanupError,
  CleanupTimeoutError,
  ClockRunningError,
  ClosedError,
  FullError,
  FutureInUseError,
  InvalidDataError,
  LaggedError,
  MovedError,
  NeedsNodeLoopError,
  NestedBlockError,
  NoContextError,
  NoRuntimeError,
  NotCloneableError,
  NotCompiledError,
  PollAfterCompletionError,
  PolluxError,
  ReleasedError,
  ScriptError,
  StuckError,
  ThreadExitedError,
  TimeoutError,
  TooLongError,
  UnexpectedEofError,
  UnsupportedError,
  WouldBlockError,
  WriteZeroError,
} from "./core/errors.ts";
export { furtherErrors } from "./core/further-errors.ts";
export { Future, type Suspend } from "./core/future.ts";
export type { InspectableSource, Inspection, InspectionTarget, Polled } from "./core/inspection.ts";
export type { Place } from "./core/places.ts";
export { Pending, type Poll } from "./core/poll.ts";
export { End, type StreamSource } from "./core/stream-source.ts";
export { TimerEntry } from "./core/timer-entry.ts";
// Files
export { type CopyFileOptions, copyFile } from "./fs/copy-file.ts";
export { File } from "./fs/file.ts";
export { canonicalize, hardLink, readLink, symlink } from "./fs/link.ts";
export { type MkdirOptions, mkdir } from "./fs/mkdir.ts";
export type { OpenFlags, OpenOptions } from "./fs/open-options.ts";
export type { FilePath } from "./fs/path.ts";
export { type DirEntry, type EntryKind, readDir } from "./fs/read-dir.ts";
export { readFile, readTextFile } from "./fs/read-file.ts";
export { type RemoveOptions, remove } from "./fs/remove.ts";
export { rename } from "./fs/rename.ts";
export { exists, lstat, stat } from "./fs/stat.ts";
export { type WriteFileOptions, writeFile } from "./fs/write-file.ts";
export { aborted } from "./interop/abort-signal.ts";
// Bridges to promises, callbacks, events and streams of others
export { abortable } from "./interop/abortable.ts";
export { duplexFromNode } from "./interop/duplex-from-node.ts";
export type { EmitterLike, EventTargetLike } from "./interop/event-source.ts";
export {
  fromCallback,
  fromNode,
  type NodeCallback,
  type StartWithCallback,
} from "./interop/from-callback.ts";
export { fromNodeReadable } from "./interop/from-node-readable.ts";
export { type FromWebOptions, fromReadableStream } from "./interop/from-readable-stream.ts";
export type { Handling } from "./interop/handling.ts";
export { type OnOptions, type Overflow, on } from "./interop/on.ts";
export { type EventOptions, once } from "./interop/once.ts";
export { type FromPromiseOptions, fromPromise, toPromise } from "./interop/promise.ts";
export { readerFromNode } from "./interop/reader-from-node.ts";
export { readerFromWeb } from "./interop/reader-from-web.ts";
export type { ChunkSink, SinkStep } from "./interop/sink.ts";
export { toCallback } from "./interop/to-callback.ts";
export { type FastifyReplyLike, toFastifyHandler } from "./interop/to-fastify-handler.ts";
export { type HandlerResponseLike, type NextHandler, toHandler } from "./interop/to-handler.ts";
export { type HonoContextLike, toHonoHandler } from "./interop/to-hono-handler.ts";
export { toNodeDuplex } from "./interop/to-node-duplex.ts";
export { type ToNodeReadableOptions, toNodeReadable } from "./interop/to-node-readable.ts";
export { type ToNodeWritableOptions, toNodeWritable } from "./interop/to-node-writable.ts";
export { type ToReadableStreamOptions, toReadableStream } from "./interop/to-readable-stream.ts";
export { type ToWritableStreamOptions, toWritableStream } from "./interop/to-writable-stream.ts";
export { type ResponseLike, whileConnected } from "./interop/while-connected.ts";
export { writerFromNode } from "./interop/writer-from-node.ts";
export { writerFromWeb } from "./interop/writer-from-web.ts";
// Bytes
export { type AnyDelimiterOptions, anyDelimiter } from "./io/any-delimiter.ts";
export type { AsyncBufRead } from "./io/async-buf-read.ts";
export type { AsyncRead } from "./io/async-read.ts";
export type { AsyncSeek, SeekFrom } from "./io/async-seek.ts";
export type { AsyncWrite } from "./io/async-write.ts";
export { type BufferOptions, BufReader } from "./io/buf-reader.ts";
export { BufWriter } from "./io/buf-writer.ts";
export { BufferedReader } from "./io/buffered-reader.ts";
export { ByteQueue } from "./io/byte-queue.ts";
export { bytesCodec } from "./io/bytes-codec.ts";
export { BytesWriter } from "./io/bytes-writer.ts";
export { chain } from "./io/chain.ts";
export type { Codec, Decoder, Encoder } from "./io/codec.ts";
export { type Copy, type CopyOptions, type CopyProgress, copy, copyBuf } from "./io/copy.ts";
export { type CopyBidirectional, copyBidirectional } from "./io/copy-bidirectional.ts";
export { Cursor } from "./io/cursor.ts";
export { Duplex } from "./io/duplex.ts";
export { duplexOf, type Joined } from "./io/duplex-of.ts";
export { type DuplexStream, duplex } from "./io/duplex-stream.ts";
export { type Empty, empty } from "./io/empty.ts";
export { Framed, type FramedOptions } from "./io/framed.ts";
export { FramedRead, type FramedReadOptions } from "./io/framed-read.ts";
export { FramedWrite, type FramedWriteOptions } from "./io/framed-write.ts";
export type { ReadHalf, TwoSided, WriteHalf } from "./io/halves.ts";
export { jsonLines } from "./io/json-lines.ts";
export {
  type LengthDelimitedCodec,
  type LengthDelimitedOptions,
  lengthDelimited,
} from "./io/length-delimited.ts";
export type { LimitOptions } from "./io/limit.ts";
export { linesCodec } from "./io/lines-codec.ts";
export { type Mock, type MockStep, mock } from "./io/mock.ts";
export { Reader } from "./io/reader.ts";
export { repeat } from "./io/repeat.ts";
export { simplex } from "./io/simplex.ts";
export { sink } from "./io/sink.ts";
export { type TakeReader, take } from "./io/take.ts";
export type { TextOptions } from "./io/utf8.ts";
export { Writer } from "./io/writer.ts";
// Net and signals
export { DatagramSocket, type Received } from "./net/datagram-socket.ts";
export { type HostPort, parseHostPort } from "./net/host-port.ts";
export { Listener } from "./net/listener.ts";
export { lookupHost } from "./net/lookup-host.ts";
export type { Interest, Ready } from "./net/ready.ts";
export type { OpenFile } from "./net/send-file.ts";
export { SocketStream } from "./net/socket-stream.ts";
export { TcpListener, type TcpListenSettings } from "./net/tcp-listener.ts";
export { TcpSocket } from "./net/tcp-socket.ts";
export { type TcpConnectSettings, TcpStream } from "./net/tcp-stream.ts";
export { type UdpBindSettings, UdpSocket } from "./net/udp-socket.ts";
export { UnixDatagram } from "./net/unix-datagram.ts";
export { UnixListener, type UnixListenSettings } from "./net/unix-listener.ts";
export { type PipeOptions, PipeReader, PipeWriter, unixPipe } from "./net/unix-pipe.ts";
export { UnixStream } from "./net/unix-stream.ts";
export type {
  FileStats,
  NodeDuplex,
  NodePeerCertificate,
  NodeReadable,
  NodeSecureContext,
  NodeWritable,
  NodeX509Certificate,
} from "./node/node-types.ts";
// Processes
export type { Child } from "./process/child.ts";
export { Command, type OutputOptions } from "./process/command.ts";
export type { CommandOptions, Stdio } from "./process/command-options.ts";
export type { ExitStatus } from "./process/exit-status.ts";
export type { KillSignal } from "./process/kill-signal.ts";
export type { Output } from "./process/output.ts";
export { stderr, stdin, stdout } from "./process/stdio.ts";
// The seam for reactors of one's own
export type {
  LookupOptions,
  MulticastOptions,
  PipeMode,
  SocketAddress,
  SocketOptions,
  TcpConnectOptions,
  TcpListenOptions,
  UdpBindOptions,
  UdpSocketOptions,
  UnixCredentials,
  UnixListenOptions,
} from "./reactor/options.ts";
export type { LocalReactor, Reactor } from "./reactor/reactor.ts";
export type {
  AcceptSource,
  ByteSource,
  DatagramSource,
  LookupSource,
  Source,
  TcpListenerSource,
  TcpStreamSource,
  UdpSource,
  UnixAddress,
  UnixDatagramSource,
  UnixListenerSource,
  UnixStreamSource,
} from "./reactor/source.ts";
// The runtime
export { type BlockOnOptions, blockOn } from "./runtime/block-on.ts";
export { defaultRuntime } from "./runtime/default.ts";
export { dumpOnSignal } from "./runtime/dump-on-signal.ts";
export { Runtime, type RuntimeMetrics, type RuntimeOptions, run } from "./runtime/runtime.ts";
export { type SlowPoll, type SlowPolls, slowPolls } from "./runtime/slow-polls.ts";
export type {
  Finding,
  GroupSnapshot,
  ReactorSnapshot,
  RuntimeSnapshot,
  TaskRef,
  TaskSnapshot,
  WaitSnapshot,
} from "./runtime/snapshot.ts";
export { snapshot } from "./runtime/take-snapshot.ts";
export type { ThreadRuntimeOptions } from "./runtime/threads/messages.ts";
export type { RuntimeThread } from "./runtime/threads/runtime-thread.ts";
export {
  RuntimeThreads,
  type RuntimeThreadsOptions,
  type ThreadFailure,
  type ThreadSnapshot,
  type ThreadsMetrics,
} from "./runtime/threads/runtime-threads.ts";
export { type TraceEvent, TraceRecorder, type TraceRecorderOptions } from "./runtime/trace-recorder.ts";
export { type WatchdogOptions, watchdog } from "./runtime/watchdog.ts";
export { ctrlC } from "./signal/ctrl-c.ts";
export { type SignalName, type Signals, signals } from "./signal/signals.ts";
export type { BaseStream } from "./stream/base-stream.ts";
export { co } from "./stream/co.ts";
// Streams
export { FuturesOrdered } from "./stream/futures-ordered.ts";
export { FuturesUnordered } from "./stream/futures-unordered.ts";
export type { Emit } from "./stream/make.ts";
export type { Peekable } from "./stream/peekable.ts";
export { type Recovered, Stream, type Unfolded } from "./stream/stream.ts";
export { StreamMap } from "./stream/stream-map.ts";
export type { StreamInput } from "./stream/to-source.ts";
// Sync
export { Barrier, type BarrierWaitResult } from "./sync/barrier.ts";
export {
  type BroadcastReceiver,
  type BroadcastSender,
  broadcast,
  type WeakBroadcastSender,
} from "./sync/broadcast.ts";
export { CancellationToken, type DropGuard } from "./sync/cancellation-token.ts";
export { mpsc, unboundedMpsc } from "./sync/mpsc.ts";
export type { MpscPermit, MpscPermits } from "./sync/mpsc-permit.ts";
export type { MpscReceiver } from "./sync/mpsc-receiver.ts";
export type { MpscSender, WeakMpscSender } from "./sync/mpsc-sender.ts";
export type { UnboundedMpscSender, WeakUnboundedMpscSender } from "./sync/mpsc-unbounded.ts";
export { Mutex, type MutexGuard } from "./sync/mutex.ts";
export { type Notified, Notify } from "./sync/notify.ts";
export { OnceCell } from "./sync/once-cell.ts";
export { type OneshotReceiver, type OneshotSender, oneshot } from "./sync/oneshot.ts";
export type { SyncOptions } from "./sync/options.ts";
export { RwLock, type RwLockOptions, type RwLockReadGuard, type RwLockWriteGuard } from "./sync/rw-lock.ts";
export { type Permit, Semaphore } from "./sync/semaphore.ts";
export { type WatchReceiver, type WatchSender, watch } from "./sync/watch.ts";
export type { Body } from "./sync/with-guard.ts";
// Tasks
export { AbortHandle } from "./task/abort-handle.ts";
export type { TaskResult } from "./task/completion-queue.ts";
export { consumeBudget } from "./task/consume-budget.ts";
export { currentTask } from "./task/current-task.ts";
export type { SpawnOptions } from "./task/executor.ts";
export type { Hooks } from "./task/hooks.ts";
export type { Host } from "./task/host.ts";
export { JoinHandle } from "./task/join-handle.ts";
export { JoinMap } from "./task/join-map.ts";
export { JoinSet, type JoinSetOptions } from "./task/join-set.ts";
export { type Scope, type ScopeOptions, scope } from "./task/scope.ts";
export { spawn } from "./task/spawn.ts";
export { type SuspendedFrame, suspendedFrames } from "./task/suspended-frames.ts";
export type { Task } from "./task/task.ts";
export { type TaskLocal, taskLocal } from "./task/task-local.ts";
export { TaskTracker, type TaskTrackerToken } from "./task/task-tracker.ts";
export { unconstrained } from "./task/unconstrained.ts";
export { waitsFor } from "./task/waits-for.ts";
export { yieldNow } from "./task/yield-now.ts";
// Time
export { advance, now, pause, resume } from "./time/clock.ts";
export { type Delayed, DelayQueue } from "./time/delay-queue.ts";
export { type Interval, type IntervalOptions, interval, type MissedTicks } from "./time/interval.ts";
export { type RetryOptions, retry } from "./time/retry.ts";
export { type Sleep, sleep, sleepUntil } from "./time/sleep.ts";
export { deadline, timeout } from "./time/timeout.ts";
// TLS
export { TlsAcceptor, type TlsAcceptorOptions } from "./tls/tls-acceptor.ts";
export { TlsConnector, type TlsConnectorOptions, type TlsConnectSettings } from "./tls/tls-connector.ts";
export { TlsError } from "./tls/tls-error.ts";
export type { TlsOptions, TlsPem, TlsVersion } from "./tls/tls-options.ts";
export type { TlsStream } from "./tls/tls-stream.ts";
