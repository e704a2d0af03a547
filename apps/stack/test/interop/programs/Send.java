/* What tutorials show for Jakarta Mail (and, with its old package names, for JavaMail). */
import jakarta.mail.Authenticator;
import jakarta.mail.Message;
import jakarta.mail.PasswordAuthentication;
import jakarta.mail.Session;
import jakarta.mail.Transport;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeBodyPart;
import jakarta.mail.internet.MimeMessage;
import jakarta.mail.internet.MimeMultipart;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Date;
import java.util.Map;
import java.util.Properties;

public class Send {
  public static void main(String[] args) throws Exception {
    Map<String, String> env = System.getenv();
    boolean login = env.containsKey("ACCOUNT");

    Properties properties = new Properties();
    properties.put("mail.smtp.host", env.get("HOST"));
    properties.put("mail.smtp.port", env.get("PORT"));
    properties.put("mail.smtp.auth", String.valueOf(login));
    properties.put("mail.smtp.starttls.enable", String.valueOf(env.get("WAY").equals("starttls")));
    properties.put("mail.smtp.ssl.enable", String.valueOf(env.get("WAY").equals("tls")));
    properties.put("mail.smtp.ssl.checkserveridentity", "true");

    Session session = Session.getInstance(properties, new Authenticator() {
      @Override
      protected PasswordAuthentication getPasswordAuthentication() {
        return new PasswordAuthentication(env.get("ACCOUNT"), env.get("PASSWORD"));
      }
    });

    MimeBodyPart text = new MimeBodyPart();
    text.setText(Files.readString(Path.of("letter.txt")), "utf-8");
    MimeBodyPart html = new MimeBodyPart();
    html.setContent(Files.readString(Path.of("letter.html")), "text/html; charset=utf-8");

    MimeMessage message = new MimeMessage(session);
    message.setFrom(new InternetAddress(env.get("SENDER")));
    message.setRecipients(Message.RecipientType.TO, InternetAddress.parse(env.get("RECIPIENT")));
    message.setSubject(Files.readString(Path.of("subject.txt")), "utf-8");
    message.setSentDate(new Date());
    message.setContent(new MimeMultipart("alternative", text, html));

    Transport.send(message);
  }
}
