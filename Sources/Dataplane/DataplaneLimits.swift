/// How much one data plane holds; its tables are made once, memory is used as they fill.
public struct DataplaneLimits: Hashable, Sendable {
  public var carriersMax = 4_096
  public var sessionsMax = 4_096
  /// Inbound SAs; a carrier that rekeys has two or three for a while.
  public var inboundSAsMax = 16_384
  /// Prefixes routed, host routes included.
  public var routesMax = 16_384
  /// Pairs of sessions that may talk to each other.
  public var pairsMax = 16_384
  /// Packets of the largest batch.
  public var batchPacketsMax = 256
  /// Control packets waiting for the control side, and their bytes.
  public var puntsMax = 1_024
  public var puntBytesMax = 1 << 20
  /// Events waiting; more than one batch can cause, so none is lost when they are taken after
  /// every batch.
  public var eventsMax: Int { 4 * batchPacketsMax }

  public init() {}
}

/// Why a command was not carried out; nothing has changed then.
public enum DataplaneError: Error, Hashable, Sendable {
  /// A table holds as many as `DataplaneLimits` allows.
  case tableFull
  /// The id, SPI, pair of L2TP ids, clear address or prefix is taken.
  case alreadyExists
  case unknownCarrier
  case unknownSession
  /// The SPI is reserved (below 256).
  case reservedSPI
  /// A clear carrier has no SAs; an SA's encapsulation is plain or UDP.
  case notIPsec
  /// Keys of the wrong length, or an algorithm that this host refuses.
  case cipher
}
