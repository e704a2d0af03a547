// What Go's own documentation shows for net/smtp, with a certificate authority of our choice.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"log"
	"net"
	"net/smtp"
	"os"
)

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	host, way := os.Getenv("HOST"), os.Getenv("WAY")
	address := net.JoinHostPort(host, os.Getenv("PORT"))
	authority, err := os.ReadFile(os.Getenv("CA_FILE"))
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	config := &tls.Config{ServerName: host, RootCAs: roots}

	connection, err := net.Dial("tcp", address)
	must(err)
	if way == "tls" {
		connection = tls.Client(connection, config)
	}
	client, err := smtp.NewClient(connection, host)
	must(err)
	if way == "starttls" {
		must(client.StartTLS(config))
	}
	if account, login := os.LookupEnv("ACCOUNT"); login {
		must(client.Auth(smtp.PlainAuth("", account, os.Getenv("PASSWORD"), host)))
	}
	must(client.Mail(os.Getenv("SENDER")))
	must(client.Rcpt(os.Getenv("RECIPIENT")))
	writer, err := client.Data()
	must(err)
	message, err := os.ReadFile("letter.eml")
	must(err)
	_, err = writer.Write(message)
	must(err)
	must(writer.Close())
	must(client.Quit())
}
