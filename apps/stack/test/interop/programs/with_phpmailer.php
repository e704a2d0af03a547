<?php
// What PHPMailer's own example shows (and WordPress does), with SMTPDebug as when something is wrong.
use PHPMailer\PHPMailer\PHPMailer;
use PHPMailer\PHPMailer\SMTP;

require '/usr/share/php/libphp-phpmailer/autoload.php';

$mail = new PHPMailer(true);
$mail->SMTPDebug = SMTP::DEBUG_SERVER;
$mail->isSMTP();
$mail->Host = getenv('HOST');
$mail->Port = (int) getenv('PORT');
$mail->SMTPAuth = getenv('ACCOUNT') !== false;
$mail->Username = (string) getenv('ACCOUNT');
$mail->Password = (string) getenv('PASSWORD');
if (getenv('WAY') === 'starttls') {
    $mail->SMTPSecure = PHPMailer::ENCRYPTION_STARTTLS;
} elseif (getenv('WAY') === 'tls') {
    $mail->SMTPSecure = PHPMailer::ENCRYPTION_SMTPS;
} else {
    $mail->SMTPAutoTLS = false;
}
$mail->SMTPOptions = ['ssl' => ['cafile' => getenv('CA_FILE')]];

$mail->CharSet = PHPMailer::CHARSET_UTF8;
$mail->setFrom(getenv('SENDER'));
$mail->addAddress(getenv('RECIPIENT'));
$mail->isHTML(true);
$mail->Subject = file_get_contents('subject.txt');
$mail->Body = file_get_contents('letter.html');
$mail->AltBody = file_get_contents('letter.txt');
$mail->send();
