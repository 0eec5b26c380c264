import Bytes
import Privacy

/// Attributes in one run of bytes, as they go out on the wire (`AttributeWire`): setting one is
/// a copy, exporting all of them another.
///
/// Keys are unique: the last value set for a key wins, and an earlier one is taken out. Message
/// content lies apart from the rest, because not every exporter sends it.
package struct AttributeArena: ~Copyable, Sendable {
    /// Bytes of a key; longer ones, which only callers' baggage can bring, are dropped.
    package static let keyBytesMax = 255
    /// Room kept behind the first attribute with message content: a system prompt and an answer
    /// usually fit into it.
    private static let smallContentBytes = 768
    /// Bytes of memory for message content that are kept for the next.
    private static let keptContentBytes = 32 << 10

    /// A text that is no attribute, of `headCount` bytes, then the attributes.
    private var buffer: ByteBuffer
    /// Bytes of the text before the attributes.
    private(set) var headCount = 0
    /// Attributes with message content, in one form.
    private var contents: ByteBuffer?
    private var contentForm = ContentForm.full
    /// The same in other forms: where exporters may have different ones.
    private var variants: ContentVariants?
    let limits: SpanLimits
    /// The field of the message around them that each attribute is, with its wire type.
    private let tag: UInt8
    /// Most sets need no search for an earlier value.
    private var seen = KeyFilter()
    /// Attributes there are.
    package private(set) var count = 0
    /// Attributes that were left out for the count limit or an impossible key.
    package private(set) var droppedCount = 0
    /// Attributes that were taken out for others of the same key.
    private var removals = 0

    /// An arena without attributes; `capacity` is in bytes. `field` is the number, below 16, of
    /// the field that repeats the attributes.
    package init(limits: SpanLimits, field: UInt8, capacity: Int) {
        self.limits = limits
        tag = field << 3 | 2
        buffer = ByteBuffer(capacity: capacity)
    }

    /// Takes everything out. Of its memory, `bytesMax` bytes are kept, and those of message
    /// content up to a limit of their own.
    mutating func removeAll(keeping bytesMax: Int) {
        buffer.removeAll(keeping: bytesMax)
        headCount = 0
        if var contents = contents.take() {
            contents.removeAll(keeping: Self.keptContentBytes)
            self.contents = consume contents
        }
        contentForm = .full
        variants = nil
        seen = KeyFilter()
        count = 0
        droppedCount = 0
        removals = 0
    }

    /// What is held in memory, about, in bytes.
    var byteCount: Int { buffer.count + contentCount + variantsCount }
    private var variantsCount: Int {
        switch variants {
        case .some(let variants): variants.byteCount
        case .none: 0
        }
    }

    /// Bytes of the attributes with message content on the wire.
    var contentCount: Int {
        switch contents {
        case .some(let contents): contents.count
        case .none: 0
        }
    }

    /// Sets text: what is not UTF-8 becomes U+FFFD, what is over the limit is cut off.
    package mutating func set(_ key: Span<UInt8>, string value: Span<UInt8>) {
        guard value.isASCII else { return setRepaired(key, value) }
        set(key, utf8: value)
    }

    /// Sets text that is known to be UTF-8: what is over the limit is cut off.
    package mutating func set(_ key: Span<UInt8>, utf8 value: Span<UInt8>) {
        guard value.count <= limits.valueBytesMax, value.count <= limits.valueCharactersMax
        else { return setRepaired(key, value) }
        guard admit(key) else { return }
        AttributeWire.append(tag, key, text: value, to: &buffer)
    }

    private mutating func setRepaired(_ key: Span<UInt8>, _ value: Span<UInt8>) {
        guard admit(key) else { return }
        var text = ByteBuffer(capacity: min(value.count, limits.valueBytesMax))
        appendText(value, to: &text)
        AttributeWire.append(tag, key, text: text.bytes, to: &buffer)
    }

    /// Sets a JSON document with message content in the form it has. The first form that is set
    /// decides what counts as an attribute; in others the same keys are expected. One over
    /// `limits.contentBytesMax` is shortened inside its strings so that it stays valid JSON, or
    /// dropped where that is impossible.
    package mutating func set(
        _ key: Span<UInt8>, content value: Span<UInt8>, form: ContentForm = .full
    ) {
        if contentCount > 0, form != contentForm {
            var document = ByteBuffer()
            guard shorten(value, into: &document) else { return }
            var variants = self.variants.take() ?? ContentVariants()
            if document.isEmpty {
                variants.set(tag, key, value, form)
            } else {
                variants.set(tag, key, document.bytes, form)
            }
            self.variants = consume variants
            return
        }
        guard admit(key) else { return }
        var document = ByteBuffer()
        guard shorten(value, into: &document) else {
            count -= 1
            droppedCount += 1
            return
        }
        contentForm = form
        var contents =
            self.contents.take()
            ?? ByteBuffer(capacity: value.count + max(Self.smallContentBytes, value.count / 4))
        if document.isEmpty {
            AttributeWire.append(tag, key, text: value, to: &contents)
        } else {
            AttributeWire.append(tag, key, text: document.bytes, to: &contents)
        }
        self.contents = consume contents
    }

    /// Makes of a document with message content what can be recorded; `shortened` stays empty
    /// where it can be as it is. False where nothing of it can.
    private func shorten(_ document: Span<UInt8>, into shortened: inout ByteBuffer) -> Bool {
        if document.count > limits.contentBytesMax {
            return ContentTruncation.shorten(
                document, bytesMax: limits.contentBytesMax, into: &shortened)
        }
        if !Text.isValid(document) {
            Text.append(document, charactersMax: .max, bytesMax: .max, to: &shortened)
        }
        return true
    }

    /// Sets attributes that were prepared for an arena of the same field.
    package mutating func set(_ prepared: PreparedAttributes) {
        guard !seen.mayShareKeys(with: prepared.seen),
            prepared.count <= limits.attributeCountMax - count
        else { return setSingly(prepared) }
        buffer.append(prepared.bytes)
        seen.formUnion(prepared.seen)
        count += prepared.count
    }

    private mutating func setSingly(_ prepared: PreparedAttributes) {
        prepared.bytes.withBytes { bytes in
            var start = 0
            while start < bytes.count {
                let attribute = WireAttribute(in: bytes, at: start)
                if admit(bytes.extracting(attribute.key)) {
                    buffer.append(bytes.extracting(attribute.range))
                }
                start = attribute.range.upperBound
            }
        }
    }

    /// The attributes without content, to be set on other arenas of the same field; nil where some
    /// were left out, which each is to count.
    func prepare() -> PreparedAttributes? {
        guard droppedCount == 0 else { return nil }
        return PreparedAttributes(
            bytes: ByteBuffer(copying: buffer.bytes.extracting(headCount...)), seen: seen,
            count: count)
    }

    var mark: AttributeMark {
        AttributeMark(offset: buffer.count, removals: removals, droppedCount: droppedCount)
    }

    /// The attributes without content that were set since `mark`; nil where one of them took the
    /// place of an earlier.
    func prepare(since mark: AttributeMark) -> PreparedAttributes? {
        guard removals == mark.removals, droppedCount == mark.droppedCount,
            mark.offset <= buffer.count
        else { return nil }
        let bytes = buffer.bytes.extracting(mark.offset...)
        var seen = KeyFilter()
        var count = 0
        var start = 0
        while start < bytes.count {
            let attribute = WireAttribute(in: bytes, at: start)
            seen.insert(Self.hash(of: bytes.extracting(attribute.key)))
            count += 1
            start = attribute.range.upperBound
        }
        return PreparedAttributes(bytes: ByteBuffer(copying: bytes), seen: seen, count: count)
    }

    /// Sets a whole number.
    package mutating func set(_ key: Span<UInt8>, int value: Int) {
        guard admit(key) else { return }
        AttributeWire.append(tag, key, int: value, to: &buffer)
    }

    /// Sets a number.
    package mutating func set(_ key: Span<UInt8>, double value: Double) {
        guard admit(key) else { return }
        AttributeWire.append(tag, key, double: value, to: &buffer)
    }

    /// Sets a truth value.
    package mutating func set(_ key: Span<UInt8>, bool value: Bool) {
        guard admit(key) else { return }
        AttributeWire.append(tag, key, bool: value, to: &buffer)
    }

    /// Adds an element to the array of strings under `key`, which the first call makes.
    package mutating func append(_ key: Span<UInt8>, element: Span<UInt8>) {
        var elements = ByteBuffer(capacity: element.count + 8)
        if isSeen(key), let entry = find(key) {
            elements.append(entry.elements(in: buffer.bytes))
        }
        guard admit(key) else { return }
        appendElement(element, to: &elements)
        AttributeWire.append(tag, key, elements: elements.bytes, to: &buffer)
    }

    /// Sets an array of strings, which may be empty.
    package mutating func set(_ key: Span<UInt8>, strings values: [String]) {
        guard admit(key) else { return }
        var elements = ByteBuffer()
        for value in values { appendElement(value.utf8.span, to: &elements) }
        AttributeWire.append(tag, key, elements: elements.bytes, to: &buffer)
    }

    private func appendElement(_ element: Span<UInt8>, to elements: inout ByteBuffer) {
        if element.isASCII, element.count <= limits.valueBytesMax,
            element.count <= limits.valueCharactersMax
        {
            return AttributeWire.appendElement(element, to: &elements)
        }
        var text = ByteBuffer(capacity: min(element.count, limits.valueBytesMax))
        appendText(element, to: &text)
        AttributeWire.appendElement(text.bytes, to: &elements)
    }

    private func appendText(_ value: Span<UInt8>, to text: inout ByteBuffer) {
        Text.append(
            value, charactersMax: limits.valueCharactersMax, bytesMax: limits.valueBytesMax,
            to: &text)
    }
}

// Keys.
extension AttributeArena {
    /// Whether `key` can be set: its earlier value, if any, is gone then, and the new one is to
    /// be appended. False: an impossible key or no room, which is counted.
    private mutating func admit(_ key: Span<UInt8>) -> Bool {
        guard key.count <= Self.keyBytesMax, !key.isEmpty else {
            droppedCount += 1
            return false
        }
        let hash = Self.hash(of: key)
        if seen.mayHold(hash) { remove(key) }
        guard count < limits.attributeCountMax else {
            droppedCount += 1
            return false
        }
        count += 1
        seen.insert(hash)
        return true
    }

    private func isSeen(_ key: Span<UInt8>) -> Bool {
        seen.mayHold(Self.hash(of: key))
    }

    private mutating func remove(_ key: Span<UInt8>) {
        if let entry = find(key) {
            removals += 1
            buffer.remove(entry.range)
            count -= 1
        } else if var contents = contents.take() {
            if let entry = WireAttribute.find(key, in: contents.bytes, from: 0) {
                contents.remove(entry.range)
                count -= 1
            }
            self.contents = consume contents
        }
    }

    private func find(_ key: Span<UInt8>) -> WireAttribute? {
        WireAttribute.find(key, in: buffer.bytes, from: headCount)
    }

    /// 0 to 255. Keys differ in their length, their end and their middle.
    private static func hash(of key: Span<UInt8>) -> Int {
        var word = UInt64(truncatingIfNeeded: key.count) &* 0xC2B2_AE3D_27D4_EB4F
        if key.count >= 8 {
            word ^= key.littleEndian64(at: key.count - 8)
            word &+= key.littleEndian64(at: (key.count - 8) / 2) &* 0x1656_67B1_9E37_79F9
        } else {
            for index in key.indices { word = word << 8 ^ UInt64(key[index]) }
        }
        return Int(truncatingIfNeeded: (word &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }
}

// Reading.
extension AttributeArena {
    /// Puts another text, cut and escaped, before the attributes.
    mutating func setHead(_ text: Span<UInt8>, charactersMax: Int) {
        guard count > 0 else {
            buffer.removeAll()
            Text.appendEscaped(text, charactersMax: charactersMax, to: &buffer)
            headCount = buffer.count
            return
        }
        let attributes = ByteBuffer(copying: buffer.bytes.extracting(headCount...))
        buffer.removeAll()
        Text.appendEscaped(text, charactersMax: charactersMax, to: &buffer)
        headCount = buffer.count
        buffer.append(attributes)
    }

    /// Appends the text before the attributes.
    func appendHead(to output: inout ByteBuffer) {
        output.append(buffer.bytes.extracting(0..<headCount))
    }

    /// Appends the attributes as they go out on the wire, those with message content behind the
    /// others, in the fullest form up to `form` that there is, or not at all.
    func appendWire(
        includingContent: Bool, form: ContentForm = .full, to output: inout ByteBuffer
    ) {
        output.append(buffer.bytes.extracting(headCount...))
        guard includingContent, contentCount > 0 else { return }
        if let other = variants?.best(upTo: form, orOwn: contentForm) {
            variants?.appendWire(other, to: &output)
        } else if contentForm <= form {
            contents?.appendAll(to: &output)
        }
    }

    /// Appends the attributes as `AttributeEntry` reads them, content as in `appendWire`.
    func appendEntries(content form: ContentForm = .full, to output: inout ByteBuffer) {
        WireAttribute.appendEntries(
            of: buffer.bytes, from: headCount, areContent: false, to: &output)
        guard form != .off, contentCount > 0 else { return }
        if let other = variants?.best(upTo: form, orOwn: contentForm) {
            variants?.appendEntries(other, to: &output)
        } else if contentForm <= form {
            contents?.appendEntries(to: &output)
        }
    }
}

extension ByteBuffer {
    /// Appends what is held to another buffer.
    func appendAll(to output: inout ByteBuffer) {
        output.append(bytes)
    }

    func appendEntries(to output: inout ByteBuffer) {
        WireAttribute.appendEntries(of: bytes, from: 0, areContent: true, to: &output)
    }
}
