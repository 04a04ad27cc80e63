import { type Context, Hono } from "hono";
import { Stream, sleep, toHonoHandler, toReadableStream } from "pollux";
import type { Leases } from "./leases.ts";

/** An application of Hono whose handlers are coroutines that return a `Response`. */
export function honoApp(leases: Leases, onError: (error: unknown) => void): Hono {
  const app = new Hono();
  app.get(
    "/hello/:name",
    toHonoHandler(function* (c: Context) {
      yield* sleep(1);
      return c.text(`Hello, ${c.req.param("name")}`);
    }),
  );
  app.get(
    "/slow",
    toHonoHandler(function* (c: Context) {
      yield* leases.workForEver();
      return c.text("never");
    }),
  );
  // The body is a stream: it is polled as the client reads, and closed when the client goes away.
  app.get("/ticks", (c) => {
    const ticks = Stream.make<Uint8Array>(function* (emit) {
      yield* emit(new TextEncoder().encode("tick"));
      yield* leases.workForEver();
    });
    return c.body(toReadableStream(ticks));
  });
  app.get(
    "/fails",
    toHonoHandler(function* (_c: Context) {
      yield* sleep(1);
      throw new Error("failed");
    }),
  );
  app.onError((error, c) => {
    onError(error);
    return c.text("sorry", 500);
  });
  return app;
}
