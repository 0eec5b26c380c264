import Platform

Termination.exit(MartletProgram.run(CommandLine.arguments))
