import Foundation
import KubernetesTypes
import Testing

@testable import TrainingAgent

/// A training that was deleted with its account must not hold its pod until the grace period is over; one whose API server is
/// merely away must.
@Suite struct DismissalTests {
    @Test(
        arguments: [
            (401, true), (403, true), (404, true), (408, false), (409, false), (429, false), (500, false), (503, false),
        ])
    func onlyAnAnswerThatStaysDismisses(code: Int, isDismissed: Bool) {
        let error = StatusError(code: code, reason: "", message: "")
        #expect(TrainingAgent.isDismissed(by: error) == isDismissed)
    }

    @Test func silenceDoesNot() {
        #expect(!TrainingAgent.isDismissed(by: URLError(.cannotConnectToHost)))
        #expect(!TrainingAgent.isDismissed(by: CancellationError()))
    }
}
