package creel.own;

import org.opentest4j.TestAbortedException;

/** What a test needs and creel is not. The test is then left out, with the reason on the list, and not failed. */
final class Needs {
    private static volatile String last;

    private Needs() {}

    /** What the test that runs has needed last; null if nothing. A test may have caught the exception. */
    static String last() {
        return last;
    }

    /** Before each test. */
    static void forget() {
        last = null;
    }

    /** The end of a test that asks for what one creel cannot be. */
    static TestAbortedException needs(String what) {
        return leftOut("needs " + what);
    }

    /** The same, for what Kafka has and creel has not. */
    static TestAbortedException feature(String what) {
        return leftOut("feature: " + what);
    }

    /** The same, for an object of Kafka's process. */
    static TestAbortedException internals(String what) {
        return needs("internals: " + what);
    }

    private static TestAbortedException leftOut(String reason) {
        last = reason;
        return new TestAbortedException(reason);
    }
}
