import ConnectionService

extension Broker {
  /// Announces a device; the code admits it once. A second announcement replaces the first.
  public func createEnrolment(
    _ request: EnrolmentRequest, by caller: Caller, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> EnrolmentReply {
    try caller.requireAdministrator()
    let name = request.name ?? request.productID.text
    try name.requireText("name", bytesMax: Limits.nameBytesMax)
    let code = Tokens.makeEnrolmentCode(using: &random)
    return try transact { (work) throws(Refusal) in
      try work.requireFree(request.productID, for: caller.organisation)
      let expiresAt = work.now + work.policy.enrolmentLifetime
      try work.rows.insert(
        EnrolmentRecord(
          codeHash: Tokens.hash(code), organisation: caller.organisation,
          product: request.productID, name: name, expiresAt: expiresAt))
      work.record(
        ServiceEvent(
          .enrolmentCreated, actor: caller.user.text, organisation: caller.organisation,
          product: request.productID))
      return EnrolmentReply(productID: request.productID, code: code, expiresAt: expiresAt)
    }
  }

  /// Admits a device by its code, and gives it its token.
  /// - Throws: one and the same `enrolmentCodeInvalid` for a code that is unknown, used or expired.
  public func enrol(
    _ request: EnrolRequest, using random: inout some RandomNumberGenerator
  ) throws(Refusal) -> EnrolReply {
    let hash = Tokens.hash(Tokens.normalisedEnrolmentCode(request.code))
    let token = Tokens.make(using: &random)
    let tokenID = Tokens.makeID("k-", using: &random)
    return try transact { (work) throws(Refusal) -> EnrolReply in
      guard let enrolment = try work.rows.takeEnrolment(codeHash: hash),
        enrolment.expiresAt > work.now, let user = Name(enrolment.product.text)
      else { throw .enrolmentCodeInvalid }
      try work.admit(enrolment)
      var record = TokenRecord(
        id: tokenID, hash: Tokens.hash(token), organisation: enrolment.organisation, user: user,
        role: .device, createdAt: work.now)
      record.product = enrolment.product
      try work.rows.insert(record)
      work.record(
        ServiceEvent(
          .deviceEnrolled, actor: "device", organisation: enrolment.organisation,
          product: enrolment.product))
      return EnrolReply(
        productID: enrolment.product, organisation: enrolment.organisation, token: token)
    }
  }
}

extension Work {
  /// A removed device of the same organisation may come back.
  /// - Returns: the removed one.
  @discardableResult
  fileprivate func requireFree(
    _ product: ProductID, for organisation: Name
  ) throws(Refusal) -> DeviceRecord? {
    guard let former = try rows.device(product, locking: true) else { return nil }
    guard former.removedAt != nil, former.organisation == organisation else {
      throw .productIDTaken(product)
    }
    return former
  }

  /// One that comes back goes on counting attachments and lines of history where it was, so that
  /// nothing of its former life is taken for new.
  func admit(_ enrolment: EnrolmentRecord) throws(Refusal) {
    var device = DeviceRecord(
      product: enrolment.product, organisation: enrolment.organisation, name: enrolment.name,
      enrolledAt: now)
    guard let former = try requireFree(enrolment.product, for: enrolment.organisation) else {
      return try rows.insert(device)
    }
    device.epoch = former.epoch
    device.histories = former.histories
    try rows.update(device)
  }
}
