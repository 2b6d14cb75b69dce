import FoundationEssentials
import KubernetesTypes
import Testing

@Suite struct QuantityTests {
    @Test(arguments: [
        ("0", "0"), ("0.5", "500m"), ("1000m", "1"), ("1500m", "1500m"), ("1Ki", "1Ki"), ("1024", "1024"), ("1024Ki", "1Mi"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"), ("1e3", "1e3"), ("1E3", "1e3"), ("100k", "100k"), ("1000k", "1M"), ("-2Gi", "-2Gi"), ("0.1n", "1n"),
        ("+1", "1"), (".5", "500m"), ("1.", "1"), ("2E", "2E"), ("1000000", "1M"),
    ])
    func canonicalForm(text: String, canonical: String) throws {
        let quantity = try #require(Quantity(text))
        #expect(quantity.canonical == canonical)
        #expect(quantity.description == text)
    }

    @Test(arguments: ["", "x", "1 Gi", "1GiB", "--1", "1e", "e3", "1ki", "0x10", "１"])
    func refusesWhatIsNoQuantity(text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func comparesByValueAndRoundsUp() throws {
        #expect(Quantity("1Gi") == Quantity("1073741824"))
        #expect(Quantity("1001m")?.roundedUp == 2)
        #expect(Quantity("1u")?.milli == 1)
        #expect(try #require(Quantity("999m")) < 1)
        #expect(Quantity("500m").map { $0 + $0 } == 1)
    }

    @Test(arguments: [
        ("2026-01-31T09:30:00Z", 1_769_851_800.0), ("1970-01-01T00:00:00Z", 0), ("2024-02-29T23:59:59.250Z", 1_709_251_199.25),
        ("2026-01-31T10:30:00+01:00", 1_769_851_800), ("1969-12-31T23:59:59Z", -1),
    ])
    func readsTimes(text: String, seconds: Double) {
        #expect(RFC3339.parse(text)?.timeIntervalSince1970 == seconds)
    }

    @Test(arguments: ["2026-02-29T00:00:00Z", "2026-01-31 09:30:00", "2026-01-31T09:30Z", "2026-13-01T00:00:00Z", "x", ""])
    func refusesWhatIsNoTime(text: String) {
        #expect(RFC3339.parse(text) == nil)
    }

    @Test func writesTimesBack() {
        #expect(RFC3339.format(Date(timeIntervalSince1970: 1_709_251_199.25), fractionDigits: 6) == "2024-02-29T23:59:59.250000Z")
        #expect(Timestamp("2026-01-31T10:30:00.9+01:00")?.description == "2026-01-31T09:30:00Z")
    }
}
