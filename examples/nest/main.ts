// A NestJS application: requests by their routes, methods by @Trace(), an exception that a filter answers.
//
//   npm run example nest        then: curl http://127.0.0.1:8080/orders/7   and   /orders/0

import "reflect-metadata";
import { Controller, Get, Inject, Injectable, Module, Param, ParseIntPipe } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ConsoleReporter, initTracing } from "node-opentracing";
import { Trace, TracingModule } from "node-opentracing/nest";

// Remove `reporter` to export over OTLP; or set OTEL_TRACES_EXPORTER.
initTracing({ serviceName: "shop", reporter: new ConsoleReporter() });

@Injectable()
class OrdersService {
  // A span of its own, "OrdersService.find", with the tag `id`.
  @Trace(undefined, "id")
  async find(query: { id: number }): Promise<{ id: number; items: string[] }> {
    if (query.id === 0) throw new Error("order 0 is lost");
    return { id: query.id, items: ["tea"] };
  }
}

@Controller("orders")
class OrdersController {
  constructor(@Inject(OrdersService) private readonly orders: OrdersService) {}

  @Get(":id")
  find(@Param("id", ParseIntPipe) id: number): Promise<object> {
    return this.orders.find({ id });
  }
}

@Module({ imports: [TracingModule.forRoot()], controllers: [OrdersController], providers: [OrdersService] })
class AppModule {}

const port = Number(process.env["PORT"] ?? 8080);
const app = await NestFactory.create(AppModule, { logger: ["error", "fatal"] });
app.enableShutdownHooks();
await app.listen(port, "127.0.0.1");
console.log(`curl http://127.0.0.1:${port}/orders/7`);
