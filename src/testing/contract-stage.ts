// One case of the server contract: a fresh application, and what a case needs at hand.

import type { Tracer as OpenTracingTracer } from "opentracing";
import type { HttpOptions } from "../http/http-tracing.ts";
import { MemoryReporter } from "../report/memory-reporter.ts";
import { Tracer } from "../tracer/tracer.ts";
import type { ContractCase } from "./contract-case.ts";
import { type ContractConnection, connectTo } from "./contract-connection.ts";
import type { ContractApp, ContractHost, ContractRoute, ContractSetup } from "./server-contract.ts";

/** An application for one case, with what a case needs at hand. */
export interface Stage {
  readonly app: ContractApp;
  readonly reporter: MemoryReporter;
  readonly secure: boolean;
  /** Opens a connection, of the host's protocol. */
  connect(): Promise<ContractConnection>;
  /** Sends one request on a connection of its own and answers the whole response as text. */
  request(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<string>;
  /** The operation name of a request. */
  name(method: string, route: ContractRoute): string;
  /** Sets what the handlers call first. */
  probe(probe: ContractSetup["probe"]): void;
}

/** Makes a case: starts the application, runs `act`, closes the application whatever happens. */
export function onStage(
  host: ContractHost,
  name: string,
  setup: { readonly options?: HttpOptions; readonly decorate?: readonly string[]; readonly tracer?: OpenTracingTracer },
  act: (stage: Stage) => Promise<void>,
): ContractCase {
  return {
    name,
    async run() {
      const reporter = new MemoryReporter();
      let probe: ContractSetup["probe"] = () => {};
      const app = await host.start({
        tracer: setup.tracer ?? new Tracer({ reporter }),
        options: setup.options ?? {},
        decorate: setup.decorate,
        probe: (request, response) => probe(request, response),
      });
      try {
        const { secure = false, protocol = "http/1.1" } = host;
        const connect = (): Promise<ContractConnection> => connectTo(app.port, secure, protocol);
        await act({
          app,
          reporter,
          secure,
          connect,
          async request(method, path, headers) {
            const client = await connect();
            client.send(method, path, protocol === "h2" ? headers : { connection: "close", ...headers });
            const answer = await client.end();
            client.leave();
            return answer;
          },
          name: host.operationName ?? ((method) => method),
          probe: (next) => {
            probe = next;
          },
        });
      } finally {
        await app.close();
      }
    },
  };
}
