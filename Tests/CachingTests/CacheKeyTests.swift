import Caching
import Testing

@Suite struct CacheKeyTests {
}
