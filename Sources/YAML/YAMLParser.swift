import CYAML

/// A `yaml_parser_t` and the one event that was read last; both are freed with it.
///
/// The text must outlive it.
@safe
struct YAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let event: UnsafeMutablePointer<yaml_event_t>

    init(_ text: UnsafeBufferPointer<UInt8>) {
        // SAFETY: both are initialised before use: by libyaml, and by zeroing.
        unsafe parser = .allocate(capacity: 1)
        unsafe event = .allocate(capacity: 1)
        unsafe event.initialize(to: yaml_event_t())
        let initialized = unsafe yaml_parser_initialize(parser)
        precondition(initialized == 1, "libyaml found no memory")
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        // SAFETY: an empty buffer may have no address; libyaml then wants any, with size 0.
        unsafe yaml_parser_set_input_string(
            parser, text.baseAddress ?? UnsafePointer(bitPattern: 1), text.count)
    }

    deinit {
        // SAFETY: this is the one owner; deleting a zeroed event does nothing.
        unsafe yaml_event_delete(event)
        unsafe yaml_parser_delete(parser)
        unsafe event.deallocate()
        unsafe parser.deallocate()
    }

    /// Reads the next event, which replaces the last one; false: `problem` says why.
    mutating func next() -> Bool {
        // SAFETY: the event is initialised, and libyaml zeroes it before anything else.
        unsafe yaml_event_delete(event)
        return unsafe yaml_parser_parse(parser, event) == 1
    }

    /// The last event's kind.
    // SAFETY: the event is initialised.
    var kind: yaml_event_type_t { unsafe event.pointee.type }

    /// Where the last event begins.
    // SAFETY: as above.
    var position: YAMLPosition { unsafe YAMLPosition(event.pointee.start_mark) }

    /// The last event is a scalar: its text.
    var text: String {
        // SAFETY: libyaml owns `length` bytes of UTF-8 there until the next event.
        let bytes = unsafe UnsafeBufferPointer(
            start: cyaml_scalar_value(event), count: cyaml_scalar_length(event))
        return unsafe String(decoding: bytes, as: UTF8.self)
    }

    /// The last event is a scalar without quotes and block indicator.
    // SAFETY: as above.
    var isPlain: Bool { unsafe cyaml_scalar_is_plain(event) != 0 }

    /// The last event is a node with an anchor.
    // SAFETY: as above.
    var hasAnchor: Bool { unsafe cyaml_anchor(event) != nil }

    /// The last event is a document start with `%YAML` or `%TAG`.
    // SAFETY: as above.
    var hasDirectives: Bool { unsafe cyaml_has_directives(event) != 0 }

    /// The last event's explicit tag.
    var tag: String? {
        // SAFETY: a NUL-terminated string of libyaml's, or null.
        guard let tag = unsafe cyaml_tag(event) else { return nil }
        return unsafe String(cString: tag)
    }

    /// What libyaml says was wrong: its words, the place, and the offset instead of a place
    /// where bytes could not be read at all.
    var problem: (reason: String, position: YAMLPosition, offset: Int?) {
        // SAFETY: the strings are libyaml's literals, or null.
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        let context = unsafe parser.pointee.context.map { unsafe String(cString: $0) }
        let isReaderError = unsafe parser.pointee.error == YAML_READER_ERROR
        var reason = [problem, context].compactMap(\.self).joined(separator: " ")
        let begin = unsafe YAMLPosition(parser.pointee.context_mark)
        if context != nil, unsafe begin.line != YAMLPosition(parser.pointee.problem_mark).line {
            reason += " that begins in line \(begin.line)"
        }
        return unsafe (
            reason.isEmpty ? "cannot be read" : reason,
            YAMLPosition(parser.pointee.problem_mark),
            isReaderError ? parser.pointee.problem_offset : nil
        )
    }
}

extension YAMLPosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }
}
