// npm run build: a clean build of src into dist.
import { clean, compile, install } from "./setup.mjs";

install();
clean();
await compile("src");
