@_exported import GatewayTesting
