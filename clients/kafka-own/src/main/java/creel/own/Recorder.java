package creel.own;

import java.io.PrintStream;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.utils.Exit;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** Notes the outcome of each test method, and says each run's as it ends. */
final class Recorder implements TestExecutionListener {
    private final Map<String, Outcome> outcomes = new TreeMap<>();
    private final Map<String, Long> begun = new ConcurrentHashMap<>();
    private final PrintStream out;
    private final boolean withTraces;

    Recorder(PrintStream out, boolean withTraces) {
        this.out = out;
        this.withTraces = withTraces;
    }

    /** By class#method. */
    Map<String, Outcome> outcomes() {
        return outcomes;
    }

    @Override
    public void executionStarted(TestIdentifier test) {
        begun.put(test.getUniqueId(), System.nanoTime());
        Needs.forget();
        // Kafka's tools end the process when they fail. Some tests put that back when they are done.
        Exit.setExitProcedure(Recorder::refuseToExit);
        Exit.setHaltProcedure(Recorder::refuseToExit);
    }

    private static void refuseToExit(int status, String message) {
        throw new AssertionError("the tool has ended with status " + status + ": " + message);
    }

    @Override
    public void executionSkipped(TestIdentifier test, String reason) {
        method(test).ifPresent(name -> note(name, test, Outcome.leftOut("the test is disabled: " + reason)));
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
        Optional<String> name = method(test);
        // A container counts only if it failed: then its tests did not run.
        if (name.isPresent() && (test.isTest() || result.getStatus() == TestExecutionResult.Status.FAILED)) {
            note(name.get(), test, outcome(result));
        } else if (name.isEmpty() && result.getStatus() == TestExecutionResult.Status.FAILED) {
            // Its tests then count as not run.
            result.getThrowable().ifPresent(error -> error.printStackTrace(out));
        }
    }

    private Outcome outcome(TestExecutionResult result) {
        Throwable error = result.getThrowable().orElse(null);
        if (result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
            return Outcome.passed();
        }
        // Some tests wrap what they catch, or catch it in another thread.
        if (Needs.last() != null) {
            return Outcome.leftOut(Needs.last());
        }
        if (result.getStatus() == TestExecutionResult.Status.ABORTED) {
            return Outcome.leftOut("the test leaves itself out: " + (error == null ? "" : error.getMessage()));
        }
        if (withTraces && error != null) {
            error.printStackTrace(out);
        }
        return error == null ? new Outcome(Outcome.Kind.FAILED, "") : Outcome.failed(error);
    }

    private void note(String name, TestIdentifier test, Outcome outcome) {
        outcomes.merge(name, outcome, Outcome::and);
        long nanos = System.nanoTime() - begun.getOrDefault(test.getUniqueId(), System.nanoTime());
        out.printf("%-4s %6.1f s  %s  %s%n", outcome.kind().word, nanos / 1e9, name, outcome.reason());
        out.flush();
    }

    private static Optional<String> method(TestIdentifier test) {
        return test.getSource()
                .filter(MethodSource.class::isInstance)
                .map(MethodSource.class::cast)
                .map(source -> source.getClassName() + "#" + source.getMethodName());
    }
}
