package org.apache.kafka.common.test.junit;

import creel.own.Clusters;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.test.api.ClusterConfig;
import org.apache.kafka.common.test.api.Type;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;
import org.junit.jupiter.api.extension.TestTemplateInvocationContextProvider;

/**
 * Stands in for Kafka's class of this name: its tests find their cluster by it. The clusters are creel's, or Kafka's own
 * (in the system property {@code cluster}), so that the tests themselves can be judged.
 */
public final class ClusterTestExtensions implements TestTemplateInvocationContextProvider {
    @Override
    public boolean supportsTestTemplate(ExtensionContext context) {
        return Clusters.areAskedFor(context.getRequiredTestMethod());
    }

    /** Kafka's class has it, too: a method may generate its clusters. */
    @Override
    public boolean mayReturnZeroTestTemplateInvocationContexts(ExtensionContext context) {
        return true;
    }

    @Override
    public Stream<TestTemplateInvocationContext> provideTestTemplateInvocationContexts(ExtensionContext context) {
        List<ClusterConfig> configs = Clusters.of(context.getRequiredTestClass(), context.getRequiredTestMethod());
        return configs.stream().map(config -> invocation(context, config));
    }

    private static TestTemplateInvocationContext invocation(ExtensionContext context, ClusterConfig config) {
        String name = context.getRequiredTestMethod().getName();
        if (!"kafka".equals(System.getProperty("cluster"))) {
            return new CreelInvocation(name, config);
        }
        // One process that is broker and controller is what creel is. Both kinds are the same to a client.
        boolean isCombined = config.clusterTypes().contains(Type.CO_KRAFT);
        return new KafkaInvocation(new RaftClusterInvocationContext(name, config, isCombined));
    }
}
