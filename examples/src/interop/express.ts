import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { sleep, toHandler } from "pollux";
import type { Leases } from "./leases.ts";

/** An application of Express whose handlers are coroutines. */
export function expressApp(leases: Leases, onError: (error: unknown) => void): Express {
  const app = express();
  app.get(
    "/hello/:name",
    toHandler(function* (request: Request, response: Response) {
      yield* sleep(1);
      response.send(`Hello, ${request.params["name"]}`);
    }),
  );
  app.get(
    "/slow",
    toHandler(function* (_request: Request, response: Response) {
      yield* leases.workForEver();
      response.send("never");
    }),
  );
  app.get(
    "/fails",
    toHandler(function* (_request: Request, _response: Response) {
      yield* sleep(1);
      throw new Error("failed");
    }),
  );
  // Express knows the handler of errors by its four parameters.
  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    onError(error);
    response.status(500).send("sorry");
  });
  return app;
}
