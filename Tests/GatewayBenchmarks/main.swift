// The tools of `script/bench`: a fast upstream, a load generator and an OTLP sink. They are no
// product; they talk only to the loopback interface and end by themselves.

import Glibc

exit(runTool(CommandLine.arguments))
