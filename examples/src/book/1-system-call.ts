import { co, join, run, unixPipe, WouldBlockError } from "pollux";
import { OwnedFd } from "pollux/reactor";

// All input and output begins with a system call: the program hands the kernel a descriptor, which is a small number, and
// some bytes. First the bare call, which never waits; then the same call as a task makes it, which does.

const ONE_MIB = new Uint8Array(1024 * 1024);

// --- Bare -----------------------------------------------------------------------------------------------------------

const [reader, writer] = OwnedFd.pipe();

// This is write(2). The kernel takes what there is room for, and says how much that was. A pipe has room for 64 KiB, so of
// 1 MiB most is left: whoever calls has to look at the result.
console.log("write(1 MiB):", writer.write(ONE_MIB));

// The pipe is full. A blocking descriptor would now stop the whole thread. This one is not blocking: the kernel gives -EAGAIN
// in place of a number of bytes, and the call throws what stands for it. Everything asynchronous rests on this refusal.
try {
  writer.write(ONE_MIB);
} catch (error) {
  if (!(error instanceof WouldBlockError)) throw error;
  console.log("write again:", error.code);
}

// What is read makes room.
const buf = new Uint8Array(65_536);
console.log("read:", reader.read(buf));
console.log("write again:", writer.write(ONE_MIB));

// Other failures are the kernel's negative results too, in the shape that Node gives them.
reader.close();
try {
  writer.write(ONE_MIB);
} catch (error) {
  // The system's errors have these three.
  const { code, errno, syscall } = error as NodeJS.ErrnoException;
  console.log(`with nobody to read: ${syscall} gives ${errno}, which is ${code}`);
}
writer.close();

// --- Wrapped ----------------------------------------------------------------------------------------------------------

// The same two ends of a pipe, and the same calls below. But `writeAll` asks for the result of each, and where the kernel
// says that it would have to wait, the task waits, and not the thread: the reactor wakes it when there is room. So the other
// end can be read on the very same thread.
const main = co(function* () {
  const [source, sink] = yield* unixPipe();
  const write = co(function* () {
    yield* sink.writeAll(ONE_MIB);
    sink.close();
  });
  const [, bytes] = yield* join(write(), source.readToEnd());
  source.close();
  console.log("writeAll(1 MiB), and readToEnd:", bytes.length);
});
await run(main());
