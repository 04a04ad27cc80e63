import { expect, test } from "vitest";
import { UnixStream } from "../../../src/net/unix-stream.ts";
import { loadNative } from "../../../src/reactor/epoll/native.ts";
import { defaultRuntime } from "../../../src/runtime/default.ts";

const onEpoll = test.runIf("native" in loadNative());

onEpoll("test_socket_pair: both ends of a pair are this process", async () => {
  const [a, b] = await defaultRuntime().spawn(UnixStream.pair());
  const me = { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() };
  expect([a.peerCredentials, b.peerCredentials]).toEqual([me, me]);
  a.close();
  b.close();
});
