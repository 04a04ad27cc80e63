import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { sleep, toFastifyHandler } from "pollux";
import type { Leases } from "./leases.ts";

/** An application of Fastify whose handlers are coroutines: what they return is sent. */
export function fastifyApp(leases: Leases, onError: (error: unknown) => void): FastifyInstance {
  const app = fastify({ forceCloseConnections: true });
  app.get(
    "/hello/:name",
    toFastifyHandler(function* (request: FastifyRequest, _reply: FastifyReply) {
      yield* sleep(1);
      const { name } = request.params as { name: string };
      return `Hello, ${name}`;
    }),
  );
  app.get(
    "/slow",
    toFastifyHandler(function* () {
      yield* leases.workForEver();
      return "never";
    }),
  );
  app.get(
    "/fails",
    toFastifyHandler(function* () {
      yield* sleep(1);
      throw new Error("failed");
    }),
  );
  app.setErrorHandler((error, _request, reply) => {
    onError(error);
    reply.status(500).send("sorry");
  });
  return app;
}
