import edu.hm.hafner.analysis.FileReaderFactory;
import edu.hm.hafner.analysis.registry.ParserRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** What the Warnings plugin of Jenkins reads in a report: one issue a line, its parts separated by tabs. Arguments: tool, file. */
public class Read {
    public static void main(String[] args) {
        var parser = new ParserRegistry().get(args[0]).createParser();
        var report = parser.parse(new FileReaderFactory(Path.of(args[1]), StandardCharsets.UTF_8));
        report.getErrorMessages().forEach(System.err::println);
        for (var issue : report) {
            var first = issue.getMessage().lines().findFirst().orElse("");
            System.out.println(String.join("\t", List.of(
                    issue.getFileName(), "" + issue.getLineStart(), issue.getSeverity().getName(), issue.getType(), first)));
        }
    }
}
