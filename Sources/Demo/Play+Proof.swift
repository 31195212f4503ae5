import Foundation

// Proof by others: a kernel's own client, and Wireshark.
extension Play {
  /// The client of a Linux kernel (strongSwan, xl2tpd, pppd), in User Mode Linux, where that runs.
  mutating func kernelClient() throws {
    let runner = "Interop/run"
    guard FileManager.default.isExecutableFile(atPath: runner),
      try Child.run(["sh", "-c", "command -v linux.uml"]).code == 0, Demo.isStartedByRoot
    else {
      narrator.step("A Linux kernel's own client: left out (no User Mode Linux here, or not root)")
      return
    }
    narrator.step("A Linux kernel's own client: strongSwan, xl2tpd and pppd")
    let result = try Child.run(
      ["env", "DRAWBRIDGE=\(Stage.program)", runner, "--only", "client-default-proposals"],
      within: 90)
    narrator.show(result.output)
    narrator.verify("the kernel's client carried traffic", result.code == 0)
  }

  /// The capture and its keys are left behind; tshark, where it is, reads them.
  mutating func capture() throws {
    narrator.step("The capture of all this, and the keys to read it")
    end()
    let reader = folder.appendingPathComponent("read-capture.sh")
    try """
    #!/bin/sh
    # Decrypts the capture of the demonstration: IKE, ESP, L2TP, PPP and what they carry.
    cd "$(dirname "$0")" || exit 1
    set -- -r demo.pcap "$@"
    while read -r line; do set -- "$@" -o "uat:ikev1_decryption_table:$line"; done <ikev1_decryption_table
    while read -r line; do set -- "$@" -o "uat:esp_sa:$line"; done <esp_sa
    exec tshark -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE "$@"

    """.write(to: reader, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: reader.path)
    narrator.show("\(folder.path)/demo.pcap, esp_sa, ikev1_decryption_table; read-capture.sh")
    guard try Child.run(["sh", "-c", "command -v tshark"]).code == 0 else { return }
    let inner = try Child.run([reader.path, "-Y", "http.response or icmp.type == 0"], within: 30)
    narrator.show(inner.output.split(separator: "\n").suffix(4).joined(separator: "\n"))
    narrator.verify("Wireshark reads the page and the pings", inner.output.contains("HTTP/1.0 200"))
    let malformed = try Child.run([reader.path, "-Y", "_ws.malformed"], within: 30)
    let lines = malformed.output.split(separator: "\n").filter { !$0.contains("Running as user") }
    narrator.verify("and finds no malformed packet", lines.isEmpty)
  }
}
