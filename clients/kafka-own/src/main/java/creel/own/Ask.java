package creel.own;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;
import java.nio.ByteBuffer;

/** One request on a connection of its own: no client's threads stay behind for a test to count. */
final class Ask {
    private Ask() {}

    @SuppressWarnings("unchecked")
    static <T extends AbstractResponse> T ask(int port, AbstractRequest request) {
        try (Socket socket = BrokerProcess.connect(port)) {
            RequestHeader header = new RequestHeader(request.apiKey(), request.version(), "kafka-own", 1);
            ByteBuffer bytes = request.serializeWithHeader(header);
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(bytes.remaining());
            out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
            out.flush();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            ByteBuffer answer = ByteBuffer.wrap(in.readNBytes(in.readInt()));
            ResponseHeader.parse(answer, header.apiKey().responseHeaderVersion(request.version()));
            return (T) AbstractResponse.parseResponse(request.apiKey(), new ByteBufferAccessor(answer), request.version());
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }
}
