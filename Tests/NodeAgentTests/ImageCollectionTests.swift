import Foundation
import Testing

@testable import NodeAgent

/// Which images go when the disk is scarce, as tables.
@Suite struct ImageCollectionTests {
    private let now = Date(timeIntervalSince1970: 1_800_000_000)
    private let rules = ImageCollection()

    private func image(
        _ name: String, bytes: Int = 100, ago: Double = 1000, isInUse: Bool = false, isNamed: Bool = true
    ) -> ImageCollection.Candidate {
        .init(
            rootPath: name, sizeBytes: bytes, lastUsed: now.addingTimeInterval(-ago), isInUse: isInUse, isNamed: isNamed)
    }

    private func victims(_ images: [ImageCollection.Candidate], freeing bytes: Int) -> [String] {
        rules.victims(images, freeing: bytes, now: now).map(\.rootPath)
    }

    @Test(arguments: [(0, 0), (840, 0), (849, 0), (850, 50), (1000, 200)])
    func aboveTheHighMarkItFreesDownToTheLow(_ used: Int, _ wanted: Int) {
        #expect(rules.bytesToFree(.init(freeBytes: 1000 - used, totalBytes: 1000)) == wanted)
    }

    @Test func aDiskOfUnknownSizeIsLeftAlone() {
        #expect(rules.bytesToFree(.init(freeBytes: 0, totalBytes: 0)) == 0)
    }

    @Test func theLongestUnusedGoFirstAndNoMoreThanNeeded() {
        let images = [image("new", ago: 200), image("old", ago: 900), image("middle", ago: 500)]
        #expect(victims(images, freeing: 1) == ["old"])
        #expect(victims(images, freeing: 150) == ["old", "middle"])
        #expect(victims(images, freeing: 10_000) == ["old", "middle", "new"])
        #expect(victims(images, freeing: 0) == [])
    }

    @Test func whatIsUsedOrFreshStays() {
        let images = [image("used", isInUse: true), image("fresh", ago: 119), image("idle", ago: 120)]
        #expect(victims(images, freeing: 10_000) == ["idle"])
    }

    @Test func whatHasNoNameGoesAnyway() {
        let images = [image("named", ago: 900), image("nameless", ago: 200, isNamed: false)]
        #expect(victims(images, freeing: 0) == ["nameless"])
        #expect(victims(images, freeing: 100) == ["nameless"])
        #expect(victims([image("held", isInUse: true, isNamed: false)], freeing: 0) == [])
    }
}
