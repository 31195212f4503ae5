import Testing

@testable import Settings

/// A gateway's configuration that lacks nothing, to which tests add lines.
let smallGateway = """
  preSharedKeys: [{peer: any, secret: "file:/psk"}]
  pools: [{name: office, addresses: 10.9.0.0/24}]
  users: [{name: anna, password: "env:PASSWORD"}]
  """

/// Reads the small gateway with more lines before it; line 1 is the first of `lines`.
func gateway(_ lines: String = "") throws(ConfigurationRefused) -> GatewayConfiguration {
  try ConfigurationLoader.gateway(
    yaml: lines + "\n" + smallGateway, secrets: CompleteDocuments.secrets
  ).configuration
}

/// The errors of the small gateway with more lines before it.
func errors(_ lines: String) -> [Finding] {
  do {
    _ = try gateway(lines)
    return []
  } catch {
    return error.errors
  }
}

/// The errors of a whole document.
func errors(ofWhole document: String) -> [Finding] {
  do {
    _ = try ConfigurationLoader.gateway(yaml: document, secrets: CompleteDocuments.secrets)
    return []
  } catch {
    return error.errors
  }
}
