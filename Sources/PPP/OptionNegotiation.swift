import Primitives

/// What one control protocol negotiates: which options we ask for and how we judge the peer's.
///
/// `ControlProtocol` owns packets, identifiers, counters and timers; a conforming type owns nothing
/// but values, so LCP and IPCP are a table of options each.
protocol OptionNegotiation: Sendable {
  /// The options of our next Configure-Request.
  mutating func makeRequest(using random: inout some RandomNumberGenerator) -> [ConfigureOption]

  /// A Configure-Request of the peer begins: what it does not name has its default again.
  mutating func beginProposal()

  /// Judges one option of the peer's request; an accepted one joins the proposal.
  mutating func judge(
    _ option: ConfigureOption, using random: inout some RandomNumberGenerator
  ) throws(Impasse) -> OptionVerdict

  /// Options that the peer left out of its proposal and must have.
  func missingOptions() -> [ConfigureOption]

  /// The proposal was acknowledged and holds.
  mutating func adoptProposal()

  /// The peer refuses these values of ours and suggests others.
  mutating func receiveNak(
    _ options: [ConfigureOption], using random: inout some RandomNumberGenerator
  ) throws(Impasse)

  /// The peer refuses these options of ours altogether.
  mutating func receiveReject(_ options: [ConfigureOption]) throws(Impasse)
}

/// The judgement over one option of a Configure-Request.
enum OptionVerdict: Equatable, Sendable {
  case accept
  /// Known, but with this value instead.
  case nak(ConfigureOption)
  /// Like `nak`, and the other options of the request do not matter (a looped link).
  case nakAlone(ConfigureOption)
  case reject
}

/// The two ends cannot agree, or something else ends the link; a fact, not a misbehaviour.
struct Impasse: Error, Equatable {
  var reason: CloseReason
  var detail: String

  init(_ reason: CloseReason, _ detail: String) {
    self.reason = reason
    self.detail = detail
  }
}
