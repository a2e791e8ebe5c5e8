// A service traced by Brave: its servlet filter on Jetty, its Apache HttpClient for calls, B3 or X-Ray.
package interop;

import brave.Tracing;
import brave.http.HttpTracing;
import brave.httpclient5.HttpClient5Tracing;
import brave.jakarta.servlet.TracingFilter;
import brave.propagation.TraceContext;
import brave.sampler.Sampler;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import org.apache.hc.client5.http.classic.methods.HttpGet;
import org.apache.hc.client5.http.impl.classic.CloseableHttpClient;
import org.apache.hc.client5.http.impl.classic.HttpClientBuilder;
import org.apache.hc.client5.http.impl.classic.HttpClients;
import org.apache.hc.client5.http.protocol.HttpClientContext;
import org.apache.hc.core5.http.io.entity.EntityUtils;
import org.eclipse.jetty.ee10.servlet.FilterHolder;
import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

final class BravePeer extends HttpServlet {
  private static final String CLIENT_SPAN_ID = "client span id";

  private final Tracing tracing;
  private final CloseableHttpClient client;

  private BravePeer(Tracing tracing, HttpTracing http) {
    this.tracing = tracing;
    HttpClientBuilder builder = HttpClients.custom().addRequestInterceptorLast((request, entity, context) ->
        context.setAttribute(CLIENT_SPAN_ID, tracing.currentTraceContext().get().spanIdString()));
    client = HttpClient5Tracing.newBuilder(http).build(builder);
  }

  public static void main(String[] args) throws Exception {
    Tracing tracing = Tracing.newBuilder()
        .localServiceName("brave-peer")
        .sampler("1".equals(System.getenv("SAMPLED")) ? Sampler.ALWAYS_SAMPLE : Sampler.NEVER_SAMPLE)
        .supportsJoin(!"0".equals(System.getenv("JOIN")))
        .propagationFactory(Formats.factory(System.getenv("FORMAT")))
        .build();
    HttpTracing http = HttpTracing.create(tracing);

    ServletContextHandler context = new ServletContextHandler("/");
    context.addFilter(new FilterHolder(TracingFilter.create(http)), "/*", null);
    context.addServlet(new ServletHolder(new BravePeer(tracing, http)), "/call");
    Server server = new Server(new InetSocketAddress("127.0.0.1", 0));
    server.setHandler(context);
    server.start();

    JsonObject line = new JsonObject();
    line.addProperty("port", ((ServerConnector) server.getConnectors()[0]).getLocalPort());
    line.addProperty("version", Versions.told());
    System.out.println(line);
    // Whoever started it may end without a word.
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(0);
  }

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
    JsonObject answer = new JsonObject();
    answer.addProperty("peer", "java brave");
    answer.add("client", JsonNull.INSTANCE);
    answer.add("next", JsonNull.INSTANCE);
    answer.add("span", span(tracing.currentTraceContext().get()));
    String next = request.getParameter("next");
    if (next != null) call(next, answer);
    response.setContentType("application/json");
    response.getWriter().print(answer);
  }

  private void call(String next, JsonObject answer) throws IOException {
    HttpClientContext context = HttpClientContext.create();
    JsonElement body = client.execute(new HttpGet(next), context,
        response -> JsonParser.parseString(EntityUtils.toString(response.getEntity())));
    JsonObject span = new JsonObject();
    span.addProperty("spanId", (String) context.getAttribute(CLIENT_SPAN_ID));
    answer.add("client", span);
    answer.add("next", body);
  }

  private static JsonObject span(TraceContext context) {
    JsonObject span = new JsonObject();
    span.addProperty("traceId", context.traceIdString());
    span.addProperty("spanId", context.spanIdString());
    span.addProperty("parentId", context.parentId() == null ? "" : context.parentIdString());
    span.addProperty("sampled", context.sampled());
    span.add("baggage", new JsonObject());
    return span;
  }
}
