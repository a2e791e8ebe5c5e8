// The header formats of Brave, by our names.
package interop;

import brave.propagation.B3Propagation;
import brave.propagation.B3Propagation.Format;
import brave.propagation.Propagation;
import brave.propagation.aws.AWSPropagation;

final class Formats {
  private Formats() {}

  static Propagation.Factory factory(String format) {
    return switch (format) {
      case "b3" -> B3Propagation.newFactoryBuilder().injectFormat(Format.SINGLE).build();
      case "b3multi" -> B3Propagation.newFactoryBuilder().injectFormat(Format.MULTI).build();
      case "xray" -> AWSPropagation.FACTORY;
      default -> throw new IllegalArgumentException("no format " + format);
    };
  }
}
