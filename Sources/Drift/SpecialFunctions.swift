import Foundation

/// Tail probabilities of the test statistics.
enum SpecialFunctions {
    /// Regularized upper incomplete gamma function Q(a, x), which is the tail of the chi-square distribution.
    /// Series below a + 1, Lentz's continued fraction above (Numerical Recipes, section 6.2).
    static func upperGamma(_ a: Double, _ x: Double) -> Double {
        guard x > 0, a > 0 else { return 1 }
        guard x.isFinite else { return 0 }
        let scale = exp(-x + a * log(x) - logGamma(a))
        if x < a + 1 {
            var term = 1 / a
            var sum = term
            var denominator = a
            for _ in 0..<10_000 {
                denominator += 1
                term *= x / denominator
                sum += term
                if abs(term) < abs(sum) * 1e-16 { break }
            }
            return min(1, max(0, 1 - sum * scale))
        }
        let tiny = 1e-300
        var b = x + 1 - a
        var c = 1 / tiny
        var d = 1 / b
        var fraction = d
        for step in 1..<10_000 {
            let factor = -Double(step) * (Double(step) - a)
            b += 2
            d = factor * d + b
            if abs(d) < tiny { d = tiny }
            c = b + factor / c
            if abs(c) < tiny { c = tiny }
            d = 1 / d
            let change = d * c
            fraction *= change
            if abs(change - 1) < 1e-16 { break }
        }
        return min(1, max(0, scale * fraction))
    }

    /// Natural logarithm of the gamma function (Lanczos, g = 7). `lgamma` of the C library keeps its sign in a global
    /// variable, which two threads would share.
    static func logGamma(_ value: Double) -> Double {
        let coefficients = [
            0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
            12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
        ]
        if value < 0.5 {
            return log(Double.pi / abs(sin(Double.pi * value))) - logGamma(1 - value)
        }
        let x = value - 1
        var sum = coefficients[0]
        for (index, coefficient) in coefficients.enumerated().dropFirst() {
            sum += coefficient / (x + Double(index))
        }
        let t = x + 7.5
        return 0.5 * log(2 * Double.pi) + (x + 0.5) * log(t) - t + log(sum)
    }

    /// Tail of the Kolmogorov distribution: 2 Σ (−1)^(j−1) exp(−2 j² x²).
    static func kolmogorovTail(_ x: Double) -> Double {
        guard x > 0 else { return 1 }
        if x < 1.18 {
            // The series above converges slowly here; its theta-transformed twin takes a few terms.
            let factor = (2 * Double.pi).squareRoot() / x
            let y = exp(-Double.pi * Double.pi / (8 * x * x))
            return min(1, max(0, 1 - factor * (y + pow(y, 9) + pow(y, 25) + pow(y, 49))))
        }
        var sum = 0.0
        for j in 1...20 {
            let term = exp(-2 * Double(j * j) * x * x)
            sum += j % 2 == 1 ? term : -term
            if term < 1e-18 { break }
        }
        return min(1, max(0, 2 * sum))
    }
}
