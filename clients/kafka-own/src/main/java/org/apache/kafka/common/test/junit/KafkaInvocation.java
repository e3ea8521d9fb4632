package org.apache.kafka.common.test.junit;

import creel.own.OneBroker;
import java.util.List;
import org.apache.kafka.common.test.ClusterInstance;
import org.junit.jupiter.api.extension.Extension;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestTemplateInvocationContext;

/** One run of a test on Kafka itself, as Kafka's own classes make it, with topics of one replica. */
final class KafkaInvocation implements TestTemplateInvocationContext {
    private final TestTemplateInvocationContext kafkas;

    KafkaInvocation(TestTemplateInvocationContext kafkas) {
        this.kafkas = kafkas;
    }

    @Override
    public String getDisplayName(int index) {
        return kafkas.getDisplayName(index);
    }

    @Override
    public List<Extension> getAdditionalExtensions() {
        return kafkas.getAdditionalExtensions().stream().map(KafkaInvocation::withOneReplica).toList();
    }

    private static Extension withOneReplica(Extension extension) {
        return extension instanceof ClusterInstanceParameterResolver resolver ? new Resolver(resolver) : extension;
    }

    private record Resolver(ParameterResolver kafkas) implements ParameterResolver {
        @Override
        public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
            return kafkas.supportsParameter(parameter, context);
        }

        @Override
        public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
            return OneBroker.wrap((ClusterInstance) kafkas.resolveParameter(parameter, context));
        }
    }
}
