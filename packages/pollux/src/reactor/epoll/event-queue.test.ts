import { describe, expect, test } from "vitest";
import { ClosedError } from "../../core/errors.ts";
import { EventQueue } from "./event-queue.ts";
import { loadNative } from "./native.ts";
import { OwnedFd } from "./owned-fd.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);

describe.runIf("native" in loadNative())("event queue", () => {
  const world = (): { queue: EventQueue; reader: OwnedFd; writer: OwnedFd; close(): void } => {
    const queue = new EventQueue();
    const [reader, writer] = OwnedFd.pipe();
    const close = (): void => {
      for (const each of [queue, reader, writer]) each.close();
    };
    return { queue, reader, writer, close };
  };
  const tokens = (queue: EventQueue): number[] => queue.poll(0).map(({ token }) => token);

  test("level-triggered, a descriptor is told of as long as it is ready", () => {
    const { queue, reader, writer, close } = world();
    queue.register(reader, 7, { read: true });
    expect(queue.poll(0)).toEqual([]);
    writer.write(bytes("hello"));
    expect([tokens(queue), tokens(queue)]).toEqual([[7], [7]]);
    reader.read(new Uint8Array(10));
    expect(queue.poll(0)).toEqual([]);
    close();
  });

  test("edge-triggered, it is told of when it becomes ready", () => {
    const { queue, reader, writer, close } = world();
    queue.register(reader, 7, { read: true, trigger: "edge" });
    writer.write(bytes("hello"));
    expect([tokens(queue), tokens(queue)]).toEqual([[7], []]);
    writer.write(bytes("more"));
    expect(tokens(queue)).toEqual([7]);
    close();
  });

  test("one-shot, it is told of once, and again when it is armed again", () => {
    const { queue, reader, writer, close } = world();
    queue.register(reader, 7, { read: true, trigger: "oneShot" });
    writer.write(bytes("hello"));
    expect([tokens(queue), tokens(queue)]).toEqual([[7], []]);
    queue.modify(reader, 8, { read: true, trigger: "oneShot" });
    expect([tokens(queue), tokens(queue)]).toEqual([[8], []]);
    close();
  });

  test("an interest is heard of alone; the other end's going always is", () => {
    const { queue, reader, writer, close } = world();
    queue.register(writer, 1, { write: true });
    expect(queue.poll(0)).toMatchObject([{ token: 1, isWritable: true, isReadable: false }]);
    reader.close();
    expect(queue.poll(0)).toMatchObject([{ isWriteClosed: true, isError: true }]);
    queue.deregister(writer);
    expect(queue.poll(0)).toEqual([]);
    expect(() => queue.deregister(writer)).toThrow(expect.objectContaining({ code: "ENOENT" }));
    close();
  });

  test("poll waits for the first event, or for the time", () => {
    const { queue, close } = world();
    const timer = OwnedFd.timer(5);
    queue.register(timer, 3, { read: true });
    expect(queue.poll()).toMatchObject([{ token: 3 }]);
    timer.readCount();
    expect(queue.poll(0.1)).toEqual([]);
    expect(() => queue.poll(-1)).toThrow(RangeError);
    timer.close();
    close();
  });

  test("what makes no sense is refused", () => {
    const { queue, reader, close } = world();
    expect(() => queue.register(reader, -1, { read: true })).toThrow(RangeError);
    expect(() => queue.register(reader, 0, {})).toThrow(TypeError);
    expect(() => queue.register(reader, 0, { read: true, trigger: "x" as never })).toThrow(TypeError);
    close();
    expect(() => queue.poll(0)).toThrow(ClosedError);
    queue.close();
  });
});
