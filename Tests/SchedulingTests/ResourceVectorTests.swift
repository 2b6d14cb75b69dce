import Scheduling
import Testing

@Suite struct ResourceVectorTests {
    @Test func amountsAddAndSubtract() {
        let one: ResourceVector = ["cpu": 500, "memory": 1 << 30]
        let two: ResourceVector = ["cpu": 1500, "nvidia.com/gpu": 2]
        #expect(one + two == ["cpu": 2000, "memory": 1 << 30, "nvidia.com/gpu": 2])
        #expect((one + two) - two == one)
        #expect((one - one).isZero)
        #expect(two * 3 == ["cpu": 4500, "nvidia.com/gpu": 6])
        #expect(one.larger(two) == ["cpu": 1500, "memory": 1 << 30, "nvidia.com/gpu": 2])
    }

    @Test func sumsEndAtTheLargestNumber() {
        let most: ResourceVector = ["pods": .max]
        #expect((most + ["pods": 1])["pods"] == .max)
        #expect((most * 2)["pods"] == .max)
        #expect((["pods": -.max] - ["pods": 5] as ResourceVector)["pods"] == -.max)
    }

    @Test(
        arguments: [
            ([:], ["cpu": 1], true, nil),
            (["cpu": 1], ["cpu": 1], true, 1),
            (["cpu": 2], ["cpu": 1], false, 0),
            (["cpu": 2, "nvidia.com/gpu": 1], ["cpu": 9, "nvidia.com/gpu": 3], true, 3),
            (["cpu": 2], [:], false, 0),
            (["cpu": 2], ["cpu": -1], false, 0),
        ] as [(ResourceVector, ResourceVector, Bool, Int?)])
    func fitsAndHowOften(_ needs: ResourceVector, _ available: ResourceVector, _ fits: Bool, _ times: Int?) {
        #expect(needs.fits(in: available) == fits)
        #expect(needs.times(in: available) == times)
        #expect(needs.lacking(in: available).isEmpty == fits)
    }

    @Test(arguments: [
        (500, "cpu", "500m cpu"), (2000, "cpu", "2 cpu"), (2 << 30, "memory", "2Gi memory"), (3 << 29, "memory", "1.5Gi memory"),
        (1_073_741_823, "memory", "1023.9Mi memory"), (100, "memory", "100 bytes of memory"), (1, "pods", "1 pod"),
        (4, "nvidia.com/gpu", "4 nvidia.com/gpu"),
    ])
    func isWrittenAsPeopleWriteIt(_ amount: Int, _ name: String, _ text: String) {
        #expect(ResourceVector.text(amount, of: name) == text)
    }

    @Test func listsAllButPods() {
        #expect(
            (["cpu": 2000, "memory": 4 << 30, "nvidia.com/gpu": 1, "pods": 1] as ResourceVector).text
                == "2 cpu, 4Gi memory and 1 nvidia.com/gpu")
        #expect(ResourceVector.zero.text == "nothing")
    }
}
