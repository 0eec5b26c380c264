import Bytes
import JSON

extension AnswerReplay {
    mutating func planResponse(_ document: borrowing JSONDocument) -> Bool {
        false
    }
}
