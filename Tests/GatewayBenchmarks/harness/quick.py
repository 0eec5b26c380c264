def run(options, tools, directory): raise SystemExit("todo")
