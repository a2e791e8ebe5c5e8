// A service of Spring Boot, traced as it is configured to be: by Micrometer, with Brave as its tracer, W3C headers or B3.
package interop;

import brave.Tracing;
import brave.propagation.TraceContext;
import io.micrometer.tracing.BaggageInScope;
import io.micrometer.tracing.Tracer;
import io.micrometer.tracing.brave.bridge.BraveTracer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootVersion;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.client.RestClient;

@SpringBootApplication
@RestController
public class SpringBootPeer {
  private final Tracing tracing;
  private final Tracer tracer;
  private final RestClient.Builder clients;

  SpringBootPeer(Tracing tracing, Tracer tracer, RestClient.Builder clients) {
    this.tracing = tracing;
    this.tracer = tracer;
    this.clients = clients;
  }

  public static void main(String[] args) throws IOException {
    PrintStream stdout = System.out;
    // What is logged must not come before the line that tells the port.
    System.setOut(System.err);
    SpringApplication application = new SpringApplication(SpringBootPeer.class);
    application.setDefaultProperties(Map.of(
        "server.address", "127.0.0.1",
        "server.port", "0",
        "spring.main.banner-mode", "off",
        "management.tracing.sampling.probability", System.getenv("SAMPLED"),
        "management.tracing.propagation.type", propagationType(System.getenv("FORMAT")),
        "management.tracing.baggage.remote-fields", "item"));
    var context = (ServletWebServerApplicationContext) application.run(args);
    stdout.printf("{\"port\": %d, \"version\": \"%s\"}%n", context.getWebServer().getPort(), versions());
    // Whoever started it may end without a word.
    System.in.transferTo(OutputStream.nullOutputStream());
    System.exit(0);
  }

  private static String propagationType(String format) {
    return Map.of("tracecontext", "W3C", "b3", "B3", "b3multi", "B3_MULTI").get(format);
  }

  @GetMapping("/call")
  Map<String, Object> call(@RequestParam(required = false) String item, @RequestParam(required = false) URI next) {
    if (item == null) return answer(next);
    try (BaggageInScope baggage = tracer.createBaggageInScope("item", item)) {
      return answer(next);
    }
  }

  private Map<String, Object> answer(URI next) {
    Map<String, Object> answer = new HashMap<>();
    answer.put("peer", "java spring boot");
    answer.put("span", span());
    answer.put("client", null);
    answer.put("next", null);
    if (next == null) return answer;
    RestClient client = clients.clone().requestInterceptor((request, body, execution) -> {
      answer.put("client", Map.of("spanId", tracing.currentTraceContext().get().spanIdString()));
      return execution.execute(request, body);
    }).build();
    answer.put("next", client.get().uri(next).retrieve().body(Map.class));
    return answer;
  }

  private Map<String, Object> span() {
    TraceContext context = tracing.currentTraceContext().get();
    return Map.of(
        "traceId", context.traceIdString(),
        "spanId", context.spanIdString(),
        "parentId", context.parentId() == null ? "" : context.parentIdString(),
        "sampled", context.sampled(),
        "baggage", tracer.getAllBaggage());
  }

  private static String versions() {
    return "Java " + System.getProperty("java.version")
        + ", Spring Boot " + SpringBootVersion.getVersion()
        + ", " + jar(BraveTracer.class)
        + ", " + jar(Tracing.class);
  }

  /** The jar that has this class, which Maven names by its version: {@code brave 6.3.1}. */
  private static String jar(Class<?> type) {
    String path = type.getProtectionDomain().getCodeSource().getLocation().getPath();
    return Path.of(path).getFileName().toString().replace(".jar", "").replaceFirst("-(?=\\d)", " ");
  }
}
