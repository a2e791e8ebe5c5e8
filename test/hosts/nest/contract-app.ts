// The server contract's application in NestJS.

import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { Tracing } from "node-opentracing";
import { TracingModule } from "node-opentracing/nest";
import { type ContractApp, type ContractHost, type ContractSetup, contractError } from "node-opentracing/testing";
import { traceServers } from "#src/hosts/servers.js";
import { listen, QUIET, RELEASES, type Release } from "./releases.js";

/** For `npm run hosts` and contract.test.ts: all requests traced, and the module in the application. */
export const HOSTS: readonly ContractHost[] = RELEASES.map((release) => contractHost(release, false));

/** The same with nothing patched: the module alone traces the application. */
export const ALONE: readonly ContractHost[] = RELEASES.map((release) => contractHost(release, true));

function contractHost(release: Release, isAlone: boolean): ContractHost {
  return {
    name: isAlone ? `${release.name}, alone` : release.name,
    component: "nestjs",
    startComponent: "node:http",
    operationName: (method, route) => `${method} ${route}`,
    start: (setup) => start(setup, release, isAlone),
  };
}

async function start(setup: ContractSetup, release: Release, isAlone: boolean): Promise<ContractApp> {
  const { common, core } = release;
  const tracing = new Tracing(setup.tracer, setup.options);
  const undo = isAlone ? () => {} : traceServers(tracing.http);

  @common.Module({
    imports: [TracingModule.forRoot(isAlone ? { tracing } : {})],
    controllers: [controller(setup, release, tracing)],
  })
  class AppModule {}

  const adapter = release.adapter();
  // Bodies of unknown types are left to the handlers.
  if (release.isFastify)
    adapter
      .getInstance()
      .addContentTypeParser("*", (_request: never, _body: never, done: (error: null) => void) => done(null));
  const app = await core.NestFactory.create(AppModule, adapter, QUIET);
  const port = await listen(app);
  const server: Server = app.getHttpServer();
  return {
    server,
    port,
    tracing,
    async close() {
      undo();
      server.closeAllConnections();
      await app.close();
      await tracing.close();
    },
  };
}

/** Node's objects, in Fastify's or as they are. */
type Platform<T> = T & { readonly raw?: T; status(code: number): unknown; hijack?(): void };
const rawOf = <T>(object: Platform<T>): T => object.raw ?? object;

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = (): Promise<never> => new Promise(() => {});

function controller({ probe, decorate }: ContractSetup, { common }: Release, tracing: Tracing): new () => object {
  const { Controller, Get, Param, Post, HttpCode, HttpException, Req, Res, StreamableFile } = common;
  const Traced = (): MethodDecorator =>
    decorate === undefined ? () => {} : (tracing.trace([...decorate]) as MethodDecorator);
  type Request = Platform<IncomingMessage>;
  type Response = Platform<ServerResponse>;

  @Controller()
  class ContractController {
    @Get("ok")
    @Traced()
    async ok(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
      await probe(request, response);
      return "ok";
    }

    @Traced()
    @Get("items/:id")
    async item(
      @Param("id") id: string,
      @Req() request: Request,
      @Res({ passthrough: true }) response: Response,
    ): Promise<string> {
      await probe(request, response);
      return id;
    }

    @Get("status/:code")
    @Traced()
    async status(
      @Param("code") code: string,
      @Req() request: Request,
      @Res({ passthrough: true }) response: Response,
    ): Promise<void> {
      await probe(request, response);
      response.status(Number(code));
    }

    @Get("throw")
    @Traced()
    throw(@Req() request: Request, @Res({ passthrough: true }) response: Response): void {
      probe(request, response);
      throw contractError();
    }

    @Get("reject")
    @Traced()
    async reject(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
      await probe(request, response);
      await tick();
      throw contractError();
    }

    @Get("refuse")
    @Traced()
    async refuse(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<void> {
      await probe(request, response);
      throw new HttpException("the contract's error", 404);
    }

    @Get("stream")
    @Traced()
    async stream(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<unknown> {
      await probe(request, response);
      async function* words(): AsyncGenerator<Buffer> {
        for (const word of ["one ", "two ", "three"]) {
          yield Buffer.from(word);
          await tick();
        }
      }
      return new StreamableFile(Readable.from(words(), { objectMode: false }));
    }

    @Get("cut")
    @Traced()
    async cut(@Req() request: Request, @Res() response: Response): Promise<void> {
      await probe(request, response);
      response.hijack?.();
      rawOf(response).write("one", () => rawOf(response).destroy());
    }

    @Get("hold")
    @Traced()
    async hold(@Req() request: Request, @Res() response: Response): Promise<void> {
      await probe(request, response);
      response.hijack?.();
      rawOf(response).write("one");
    }

    @Get("break")
    @Traced()
    async break(@Req() request: Request, @Res() response: Response): Promise<void> {
      await probe(request, response);
      response.hijack?.();
      const written = new Promise((resolve) => rawOf(response).write("one", resolve));
      await written;
      await probe(request, response);
      throw contractError();
    }

    @Get("never")
    @Traced()
    async never(@Req() request: Request, @Res() response: Response): Promise<void> {
      await probe(request, response);
      return never();
    }

    @Post("never")
    @Traced()
    async neverRead(@Req() request: Request, @Res() response: Response): Promise<void> {
      await probe(request, response);
      rawOf(request)
        .on("error", () => {})
        .resume();
      return never();
    }

    @Post("upload")
    @HttpCode(200)
    @Traced()
    async upload(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
      await probe(request, response);
      let length = 0;
      rawOf(request).on("data", (chunk: Buffer) => {
        length += chunk.length;
      });
      await once(rawOf(request), "end");
      return String(length);
    }
  }
  return ContractController;
}
