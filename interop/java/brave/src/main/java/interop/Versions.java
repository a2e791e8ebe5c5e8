// What this service says it is made of: Maven names the jars by their versions.
package interop;

import brave.Tracing;
import brave.httpclient5.HttpClient5Tracing;
import brave.jakarta.servlet.TracingFilter;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.jetty.server.Server;

final class Versions {
  private Versions() {}

  static String told() {
    return "Java " + System.getProperty("java.version") + ", "
        + Stream.of(Tracing.class, TracingFilter.class, HttpClient5Tracing.class, Server.class)
            .map(Versions::jar)
            .collect(Collectors.joining(", "));
  }

  /** The jar that has this class: {@code brave 6.3.1}. */
  private static String jar(Class<?> type) {
    String path = type.getProtectionDomain().getCodeSource().getLocation().getPath();
    return Path.of(path).getFileName().toString().replace(".jar", "").replaceFirst("-(?=\\d)", " ");
  }
}
