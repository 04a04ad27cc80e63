import { Code, Frame3, Pending, coroutine, future } from "pollux/compiler-runtime";
import "pollux";

const PENDING = Pending;

// Sends back what it gets.
function echo$run(cx, frame, stream) {
  let buf, n;
  let at = 0, value;

  if (frame !== null) {
    at = frame.at;

    if (at !== 0 && (value = frame.awaited.awaitIn(cx)) === PENDING) return frame.suspend(cx);

    switch (at) {
      case 0:
        stream = frame.s0;
        break;

      case 2:
        stream = frame.s0;
        buf = frame.s1;
        break;

      case 3:
        stream = frame.s0;
        buf = frame.s1;
        break;
    }
  }

  while (true) switch (at) {
    case 0:
      buf = new Uint8Array(16384);
      n = void 0;

    // loop
    case 1:
      // await stream.read(buf)
      if ((value = future(stream.read(buf)).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(echo$code, stream);
        frame.at = 2;
        frame.s1 = buf;

        return frame.suspend(cx);
      }

    // resumed in line 6; live: stream, buf
    case 2:
      if (!((n = value) > 0)) return;
      // await stream.writeAll(buf.subarray(0, n))
      if ((value = future(stream.writeAll(buf.subarray(0, n))).awaitIn(cx)) === PENDING) {
        frame ??= new Frame3(echo$code, stream);
        frame.at = 3;
        frame.s1 = buf;

        return frame.suspend(cx);
      }

    // resumed in line 6; live: stream, buf
    case 3:
      at = 1;
      continue;
  }
}

const echo$code = new Code(echo$run, {
  name: "echo",
  file: "echo.ts",
  states: { "2": [6, 28, "stream", "buf"], "3": [6, 59, "stream", "buf"] }
});

export const echo = coroutine(function (stream) {
  return new Frame3(echo$code, stream);
});
