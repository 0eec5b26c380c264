import Networking

// The configuration as a check of the gateway's own spans runs it: everything that decides what
// spans hold stays, and nothing leaves the machine.

extension Settings {
    /// The same before a mock provider on `mockPort` of this machine, listening on any free port
    /// there. `provider` is the name that the upstream of these settings has on spans.
    package func selfChecked(mockPort: UInt16, provider: String) -> Settings {
        var checked = self
        checked.listener.addresses = [.tcp(host: "127.0.0.1", port: 0)]
        checked.upstream.url = BaseURL(
            isTLS: false, host: "127.0.0.1", port: mockPort, path: "/v1")
        checked.upstream.provider = provider
        checked.upstream.apiKey = nil
        checked.upstream.proxy = nil
        checked.upstream.caFile = nil
        checked.cache.semanticURL = nil
        checked.cache.semanticKey = nil
        checked.shutdown = ShutdownSettings()
        return checked
    }
}

extension TelemetryEnvironment {
    /// The same with every span recorded and none sent.
    package var unsent: TelemetryEnvironment {
        var unsent = self
        unsent.isDisabled = false
        unsent.exporters = []
        unsent.console = false
        unsent.metrics = SignalSettings()
        unsent.logs = SignalSettings()
        unsent.sampler = .alwaysOn
        return unsent
    }
}
