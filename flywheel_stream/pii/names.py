"""Word lists of personal names, written for this project; facts, copied from no list.

Names in the alphabets of Europe, with their accents; ``unaccented`` adds them without.
"""

import unicodedata
from collections.abc import Iterable

# Given names common in Europe, the Americas, Asia, the Arab world and Africa that are no words
_GIVEN = frozenset(
    """Aadhya Aafke Aaliyah Aaltje Aarav Aaron Aarti Aarush Aashish Aayush Abayomi Abbas Abby
    Abdallah Abdel Abdelaziz Abdelkader Abdelrahman Abdul Abdulaziz Abdulla Abdullah
    Abdulrahman Abeer Abelardo Abena Abhay Abhijeet Abhijit Abhinav Abhishek Abidemi Abigail
    Abimbola Abiodun Abiola Abir Abner Abramo Achille Achilleas Achim Adaeze Adalberto Adam
    Adama Adanna Adebayo Adebola Adekunle Adela Adelaide Adelasia Adelchi Adele Adelheid
    Adelina Adeline Adem Ademar Adeola Adesola Adetokunbo Adewale Adile Adina Aditi Aditya
    Adnan Adolf Adolfo Adriaan Adrian Adriana Adrianna Adriano Adrien Adrienne Adrián Advait
    Adán Adão Adèle Adéla Adélia Afaf Afia Afolabi Afonso Afreen Afroza Afsaneh Agapito
    Agastya Agata Agatha Agathe Aggeliki Agnes Agnese Agneta Agnieszka Agnès Agnė Agostino
    Agus Agustina Agustín Ahana Aharon Ahmad Ahmed Ahmet Ahura Aidan Aiden Aikaterini Aileen
    Aimee Aimée Ainara Ainhoa Aino Aisha Aishah Aitana Aitor Aivar Aivars Ajay Ajit Akane
    Akanksha Akash Akbar Akemi Akhil Akhtar Akihiko Akihiro Akiko Akinwale Akio Akira Akosua
    Aksel Akshara Akshat Akshay Akua Akwasi Alaa Alain Alan Alana Alanna Alasdair Alastair
    Alban Albane Alberico Albert Alberta Albertine Alberto Albin Albrecht Alcides Alderano
    Aldo Alec Aleida Alejandra Alejandrina Alejandro Alejo Aleks Aleksander Aleksandr
    Aleksandra Aleksei Aleksy Alemayehu Alena Alessandra Alessandro Alessia Alessio Alexander
    Alexandra Alexandre Alexandros Alexei Alexey Alexios Alexis Aleš Alfie Alfio Alfons
    Alfonsina Alfonso Alfred Alfredo Alice Alicia Alicja Alida Alin Alina Aline Alireza Alisha
    Alison Alistair Alix Aliya Alje Alka Allan Allegra Allison Allyson Almir Alois Alok
    Alondra Alonso Aloys Aloísio Alper Alperen Alphonse Altair Alva Alvin Alyona Alyson Alyssa
    Alžběta Amadeo Amadou Amaka Amalia Amancio Amanda Amandine Amara Amardeep Amare Amarildo
    Amaury Amaya Ambika Amedeo Amelia Amelie Amin Amina Aminata Amine Amir Amira Amirali
    Amirhossein Amisha Amit Amita Amitabh Amleto Ammar Amnon Amol Amparo Amrit Amrita Amy
    Amélie Anabel Anamika Anand Ananya Anastasia Anastasio Anastasios Anastazja Anatol Anatole
    Anatoly Anaïs Anca Anders Andor Andraž Andre Andrea Andreas Andreea Andrei Andrew Andrey
    Andris Andrus Andrzej András André Andrée Andrés Andy Anele Aneta Anette Angela Angelica
    Angelika Angelina Angelo Angelos Anggun Angie Angélique Aniela Aniello Anika Aniket Anikó
    Anil Anirudh Anish Anisha Anita Anja Anjali Anjana Anke Ankit Ankita Ankur Ann Anna
    Annabel Annabelle Annalisa Annamaria Anne Annegret Anneke Annelie Annelies Anneliese
    Anneloes Annemarie Annett Annetta Annette Annibale Annick Annie Anniina Annika Annunziata
    Anong Anouk Ansel Anselma Anselmo Ansgar Anshul Anshuman Antal Antanas Anthony Antje
    Antoine Antoinette Anton Antonella Antonello Antoni Antonia Antonietta Antonina Antonino
    Antonio Antonis Antony Antti António Antônio Anuj Anup Anupam Anupama Anuradha Anurag
    Anushka Anwar Anyango Anzhela Aníbal Anísio Anıl Aparna Apinya Apolinar Apolline Apolonia
    Apostolos Araceli Aranka Arash Arcelia Archana Archibald Archie Arda Ardeshir Arend Arezoo
    Argyro Ariana Ariane Arianna Arief Arif Arij Aristide Aristotelis Arjan Arjen Arjun
    Arkadiusz Arkady Arlene Arlo Armand Armando Armelle Armin Arnaldo Arnaud Arnav Arndt Arne
    Arno Arnold Arnulf Aroldo Arpit Arpita Arrigo Arshad Artem Arthit Arthur Arto Artur Arturo
    Artyom Arun Aruna Arundhati Arushi Arvid Arvind Arwa Arzu Asbjørn Asen Asger Asher Ashish
    Ashlee Ashleigh Ashley Ashlyn Ashok Ashraf Ashutosh Ashwin Ashwini Asif Asim Asiya Aslı
    Aslıhan Asma Asmaa Asmelash Assefa Assia Assunta Astrid Asuka Asuman Asuncion Atakan
    Atanas Ataur Atefeh Athanasia Athanasios Atharv Atieno Atif Atilio Atilla Atsuko Atsushi
    Attila Attilio Atul Aubrey Aude Audrey Audrius Augustin Augusto Aulia Aurel Aurelia
    Aurelio Aurore Aurélie Aurélien Austen Aušra Ava Avani Averie Avery Avi Avigail Avinash
    Aviva Avner Avraham Axel Axelle Ayaan Ayaka Ayako Ayame Ayanda Aydın Ayelet Ayesha Ayfer
    Aygül Ayla Aylin Ayman Aymen Aymeric Aynur Ayo Ayodele Ayotunde Aytaç Ayu Ayumi Ayşe
    Ayşegül Ayşenur Azadeh Azahara Azeglio Azhar Aziz Aziza Azizah Azlan Azman Azucena Aïcha
    Babajide Babak Babatunde Babita Badr Bahaa Bahar Bahareh Bahman Bahram Bailee Balaji
    Balakrishna Baldassare Baldomero Balram Balwinder Balázs Bambang Baptiste Barbara Barbora
    Barnabás Barney Barrett Barry Bart Bartholomew Barthélemy Bartolomeo Bartolomé Bartosz
    Bartłomiej Basel Basem Bashar Bashir Basma Bassam Bastiaan Bastian Bastien Batbayar
    Battista Batuhan Batya Baudelio Baudouin Bayani Bayo Bayu Beata Beate Beatrice Beatrix
    Beatriz Becca Becky Bedřich Begoña Behnam Behrouz Behzad Bekele Bekir Belgin Belinda Belma
    Ben Bence Benedek Benedetta Benedetto Benedikt Bengt Beniamino Benita Benito Benjamin
    Benjamín Bennett Benoît Bente Benyamin Beren Berend Berhane Berk Berkay Berker Berna
    Bernabé Bernadette Bernard Bernardino Bernardita Bernardo Bernd Bernhard Bernice Bernie
    Bert Berta Bertha Berthe Berthold Bertram Bertrand Bessie Beth Bethan Bethany Betsy Bettie
    Bettina Betty Betül Beulah Beverley Beverly Beyza Bhagyashree Bharati Bhaskar Bhavana
    Bhavesh Bhavna Bhavya Bhupendra Bhupinder Biagio Bianca Bijan Bilal Bilel Biljana Billie
    Billy Bilyana Bina Bingbing Bipin Birger Birgit Birgitt Birgitta Birgül Birsen Birte Biruk
    Birutė Bishnu Bisi Bjarne Björk Björn Bjørn Blaise Blandine Blanka Blažej Boaz Bob Bobbie
    Bobby Bodo Bogdan Boglárka Bogomil Bogumił Bogusław Bohdan Bohdana Bohumil Bohuslav
    Boitumelo Bojan Bolormaa Bonaventura Bongani Bonnie Boris Borislav Borja Borys Boubacar
    Bouchra Boutros Boyko Bożena Božena Brad Bradley Brady Bram Branden Brandi Brandon
    Branimir Branislav Branko Breanna Brenda Brendan Brenna Brennan Breno Brent Brenton Bret
    Brett Brian Briana Brianna Bridget Bridgette Brielle Brigitte Brijesh Britney Britt Britta
    Brittany Brittney Bronisław Bronisława Bronwen Bronwyn Brooklynn Bruce Bruna Brunhilde
    Bruno Bryan Bryce Bryn Brynjar Bryony Bryson Brígida Budi Budimir Buket Bukola Burak Burcu
    Burghard Burkhard Busaba Buse Bushra Busisiwe Buğra Byron Byung Bálint Bärbel Béatrice
    Béla Bénédicte Bérengère Börje Bülent Büşra Błażej Břetislav Caden Caetano Cafer Cahya
    Cahyono Caio Caitlin Caitlyn Calcedonio Caleb Calixto Callie Callum Calogero Calum Calvin
    Camelia Cameron Camila Camilla Camille Camillo Camilo Canan Candace Candelaria Candice
    Caner Cansu Capucine Cara Carey Carina Carissa Carl Carla Carlijn Carlito Carlo Carlos
    Carlota Carlotta Carly Carlyle Carmela Carmelo Carmen Carmina Carol Carole Caroline
    Carolyn Carrie Carson Carsten Caryn Carys Casandra Casey Casimiro Caspar Catalin Catalina
    Catarina Caterina Cathal Catharina Catherine Cathleen Cathrine Cathryn Cathy Catriona Cauã
    Cauê Cayetana Cayetano Caíque Cecelia Cecil Cecilia Cecilio Cedric Cees Ceferino Celal
    Celestina Celestino Celia Celina Celine Celso Cem Cemal Cemile Cengiz Cenk Ceren Cesare
    Ceyda Cezary Chadi Chaim Chaitanya Chaiwat Chamari Chaminda Chana Chanchai Chandan Chandni
    Chandrakant Chandrashekhar Chantal Charalampos Charlene Charles Charline Charlène
    Charmaine Charu Chaya Chaz Cheikh Chelsey Chema Cheri Cherie Cheryl Chester Chetan Chetana
    Chiamaka Chiara Chibuike Chibuzo Chidi Chidinma Chie Chieko Chihiro Chijioke Chimamanda
    Chinedu Chinelo Chinonso Chinua Chinwe Chioma Chirag Chitra Chiyo Chiyoko Chloe Chloé
    Chris Chrissie Christa Christel Christelle Christer Christi Christiane Christie Christin
    Christina Christine Christoffer Christoph Christophe Christopher Christos Christy
    Chrysoula Chukwudi Chukwuemeka Chul Chunhua Chus Ciara Cibele Cihan Cillian Cindy Cinzia
    Ciprian Cipriano Ciro Claire Clara Clarence Clarice Clarissa Clarisse Claudette Claudia
    Claudie Claudine Claudio Clayton Cleber Cleide Clelia Clemens Clemente Clementine Cleo
    Clifford Cliffords Clinton Clive Clotilde Clyde Cláudia Cláudio Clélia Clémence Clément
    Clémentine Codruța Cody Colby Cole Coleen Colette Colin Colleen Collin Concetta Connie
    Connor Conor Conrad Constantin Constanze Constanța Consuelo Coralie Cordula Corentin Corey
    Corina Corinna Corinne Cormac Cornelia Cornelio Cornelis Cornelius Corrado Cosimo Cosmin
    Cosmina Costantino Costanza Costel Courtney Craig Cristal Cristian Cristiane Cristiano
    Cristina Cristián Cristóbal Cristóvão Csaba Csilla Curtis Cynthia Cyprien Cyril Cyrille
    Cyrus Czesław Czesława Cécile Cédric Cédrine Céleste Célestin Célia Céline César Cícero
    Cíntia Cüneyt Cătălin Daan Daciana Dafna Dafne Dagmar Dagmara Dahlia Daiane Daichi Daiki
    Dainius Daisuke Daksh Dalia Dalibor Dalila Dalisay Dalva Damian Damiano Damien Damilola
    Damini Damián Damon Dan Danica Daniel Daniela Daniele Danielle Daniil Danilo Danièle
    Daniëlle Danny Danuta Danylo Daphne Daphné Darby Darcy Daren Daria Dario Darius Dariush
    Dariusz Darko Darla Darlene Darnell Darragh Darrell Darren Darryl Darshan Darshana Darya
    Daryl Darío Dave Davi David Davide Davina Davor Dawid Dawit Dayna Deana Deandre Deanna
    Deanne Debbie Debora Deborah Debra Declan Dedi Deepa Deepak Deepali Deepika Deepti Deirdre
    Dejan Delaney Delfina Delfino Delia Delilah Delores Delphine Demba Dembe Demet Demetrio
    Demetrius Denis Denisa Denise Deniz Dennis Denny Denílson Derek Dermot Derrick Desiderio
    Desiree Desislava Desmond Despina Detlef Detlev Devansh Devendra Devika Devin Devraj Dewi
    Dexter Dezső Dhananjay Dharmendra Dhaval Dhruv Diana Diane Dianna Dianne Didier Diederik
    Dierk Dieter Dietlinde Dietmar Dietrich Dikeledi Dilara Dilek Dilhani Dilip Dillon Dilshan
    Dimas Dimitar Dimitra Dimitri Dimitrios Dimitris Dina Dinah Dinesh Dino Diogo Dionisio
    Dipak Dipika Dirk Divya Divyansh Djalma Djamila Djibril Dmitri Dmitriy Dmitry Dmytro
    Dolores Domenica Domenico Dominga Dominik Dominika Dominique Donald Donatella Donatello
    Donato Donna Donnie Donovan Doreen Doris Dorota Dorothea Dorothee Dorothy Dorothée Doug
    Dougal Douglas Dounia Dov Doyle Doğan Doğukan Dragan Dragana Dragoș Dražen Draženka Dries
    Duane Dubravka Dudley Dumisani Dumitru Duncan Dunja Dustin Dušan Dwayne Dwight Dylan
    Dániel Dávid Débora Dénes Dóra Dörte Dănuț Dũng Eamon Eamonn Ebba Ebele Ebenezer Eberhard
    Ebrahim Ebru Ebube Ecem Eckart Eckhard Ecrin Edanur Eddie Edelmira Edeltraud Edeltraut
    Edgar Edie Edilson Edina Edith Edivaldo Edmond Edmund Edmundo Edna Edoardo Edson Eduard
    Eduarda Eduardo Edward Edwige Edwin Edwina Edyta Eef Eero Efraim Efrat Efthymios Efua Egil
    Eglė Egon Ehab Ehrenfried Ehud Eija Eiji Eiko Eila Eileen Eilidh Einar Einat Eino Eirik
    Eirini Eitan Ekaterina Ekene Ekow Ekrem Ekta Elad Eladio Elaine Eleanor Eleanora
    Eleftheria Eleftherios Elena Eleni Eleonora Eleuterio Elfriede Elham Eli Eliana Eliane
    Elias Eliezer Eligia Eligio Elijah Elin Elinor Elio Elisa Elisabet Elisabeth Elisabetta
    Elise Eliseo Elissa Eliza Elizabeth Elizaveta Eliška Elke Ella Ellemieke Ellen Elles Ellie
    Ellinor Elliot Elliott Elmer Elnaz Elodia Eloise Eloy Elpidio Elsa Elsbeth Elsie Elspeth
    Elton Elvira Elwood Elza Elías Elżbieta Emad Eman Emanuel Emanuela Emanuele Emanuella
    Emanuelly Emeka Emel Emelina Emerson Emery Emese Emiel Emigdio Emiko Emil Emilia Emiliana
    Emiliano Emilie Emilio Emiliya Emily Emine Emma Emmanuel Emmanuelle Emmett Emmi Emrah Emre
    Encarnita Endah Endang Endre Engelbert Enid Enikő Enitan Enrica Enrico Enrique Enver Enzo
    Epifanio Erasmo Erdal Erdem Erdmute Erdoğan Eren Ergin Erhan Erhard Eric Erica Erich Erick
    Erik Erika Erin Erkan Erland Ermanno Ermenegildo Ermes Erna Ernestine Ernesto Ernie Erol
    Errol Ersin Ertuğrul Erwin Eryk Erzsébet Eskil Esma Esmaeil Esme Esmeralda Esmond Esmée
    Espen Esra Essam Essien Esteban Estefanía Estela Estelle Ester Esti Estêvão Eszter Ethan
    Ethel Etsuko Ettore Eufemia Eugen Eugene Eugenia Eugenio Eugène Eugénie Eulalia Eun Eunice
    Eunji Eunjung Eusebio Eustaquio Eva Evan Evangelia Evangeline Evangelista Evangelos
    Evaristo Evelia Evelien Evelin Eveline Evelyn Everett Evert Evgeni Evgenia Evgeniy Evgeny
    Evita Evren Ewa Ewald Ewan Ewelina Ewen Eyal Eyob Ezgi Ezio Ezra Fabia Fabian Fabiana
    Fabien Fabienne Fabio Fabiola Fabián Fabrice Fabricio Fabrizia Fabrizio Fabrício Facundo
    Fadi Fadia Fadime Fadwa Fahad Fahd Fahim Faisal Faiza Faizal Faizan Fajar Fanny Farah
    Farai Faranak Fareed Farhad Farhan Farhana Fariba Farid Farida Farideh Faris Farouk Farrah
    Farshad Faruk Farzad Farzana Farzaneh Fathi Fatih Fatima Fatin Fatma Fatou Fatoumata
    Fausta Faustine Faustino Fausto Fawad Fawzi Fayez Fayçal Federica Federico Fedor Felicia
    Feliciana Feliciano Felicitas Felicja Felipa Felipe Felisa Felix Femi Femke Fenna Feras
    Ferdinand Ferdinando Ferenc Fereshteh Fereydoun Fergus Ferhat Feride Feridun Fermín
    Fernand Fernanda Fernande Fernando Ferruccio Fevzi Feyza Fidel Figen Fikile Fikret
    Filiberto Filip Filippa Filippo Filippos Filiz Finlay Finley Finn Finnegan Fiona Fiorella
    Fiorenzo Firas Firmin Fisseha Fitri Fitriani Flaminia Flavia Flavie Flavien Flavio
    Fletcher Florencio Florent Florentin Florentina Florentino Florian Floriane Floris Floyd
    Flávia Flávio Folake Folasade Fotini Fotis Franca Frances Francesca Francesco Francine
    Francis Francisca Franciszek Franck Franco Frankie František Franz Franziska François
    Françoise Frauke Fred Freda Freddie Freddy Frederick Frederik Fredrik Freek Freja Freya
    Frida Frieda Friedemann Friederike Friedhelm Friedrich Frits Fritz Frode Fruzsina Fryderyk
    Frédéric Frédérique Fulgencio Fulvia Fulvio Fumiko Fumio Funda Funke Funmilayo Furkan
    Fyodor Fábio Fátima Félicie Félix Fırat Gabi Gabin Gabriel Gabriela Gabriele Gabriella
    Gabrielle Gaetano Gail Galina Galip Galit Gamze Gantulga Gareth Garrett Garry Garth Gary
    Gaspar Gaspard Gaspare Gaston Gastone Gaurav Gauri Gautam Gavin Gavril Gayatri Gayle Gaël
    Gaëlle Gaëtan Gaëtane Gcobani Gebhard Gebre Gede Gediminas Geert Geeta Geetha Geir Genaro
    Genevieve Geneviève Gennady Gennaro Genoveva Genowefa Geoff Geoffrey Georg George Georges
    Georgeta Georgette Georgi Georgie Georgina Georgios Georgy Gerald Geraldine Geraldo Gerard
    Gerardo Gerd Gerda Gereon Gergana Gergely Gergő Gerhard Gerlinde Germain Germaine Germana
    Gernot Gero Gerrit Gerry Gershon Gert Gertraud Gertrud Gertrude Gertrudis Gervais Gesa
    Gesine Getachew Geun Ghada Ghassan Gheorghe Ghislain Ghislaine Gholamreza Ghulam Giacinto
    Giacobbe Giacoma Giacomo Giampaolo Giampiero Giancarlo Gianfranco Gianluca Gianluigi
    Gianmarco Gianna Gianni Giannis Gianpaolo Gideon Giedrė Gijs Gijsbert Gilad Gilbert
    Gilberte Gilberto Gilda Giles Gilles Gillian Gilmar Gilson Gina Ginette Gino Gintaras
    Gioacchino Gioachino Gioele Giordano Giorgia Giorgio Giorgos Giosuè Giovana Giovanna
    Giovanni Girish Girma Girolamo Gisbert Gisela Gisele Gisella Giselle Gisèle Gita Gitanjali
    Gitta Giulia Giuliana Giuliano Giulio Giuseppe Giuseppina Giustino Giusy Gizem Gladys Gleb
    Glenda Glenn Glenna Glynis Glória Godefroy Godfrey Godofredo Goffredo Golnaz Gonca Gonzalo
    Gopal Gopika Goran Gordana Gordon Gottfried Gotthard Govind Graciano Graciela Gracjan
    Grady Graeme Graham Graziano Graziella Grażyna Greetje Greg Greger Gregg Gregor Gregoria
    Gregorio Gregory Greta Gretchen Griffith Grigore Grigori Grigoris Grigory Griselda Grit
    Grzegorz Grégoire Grégory Gualtiero Gudmund Gudrun Gudula Guglielmo Gugu Gugulethu Guido
    Guilhem Guilherme Guilhermina Guillaume Guillermina Guillermo Gulshan Gumersindo Gundula
    Gunhild Gunilla Gunnar Gunter Gunvor Guoqiang Gurdeep Guri Gurmeet Gurpreet Gustaf Gustav
    Gustave Gustavo Gustaw Guus Guénolé Guðrún Gwen Gwenaël Gwenaëlle Gwendoline Gwendolyn
    Gwyneth Gyula György Györgyi Gábor Gérald Géraldine Gérard Gökhan Gökçe Gönül Göran Gösta
    Götz Gözde Gül Gülay Gülbahar Gülcan Gülden Güler Gülnur Gülşah Gülşen Günter Günther
    Güven Habib Habiba Habibollah Hadas Hadeel Hadi Hadley Hae Haeun Haifa Haile Hailey Haim
    Haitham Haiyan Hajnalka Hakan Hakkı Haldun Haley Halil Halima Halime Halina Halldór Hallie
    Haluk Halvor Hamad Hamdi Hamed Hamid Hamida Hamidreza Hamish Hamza Hana Hanan Hani Hanife
    Hank Hanna Hannah Hanne Hanneke Hannele Hannelore Hannes Hanno Hannu Hans Hansjörg Harald
    Hardik Harini Haris Harish Hariyanto Harjit Harold Haroldo Harpreet Harri Harriet Harrison
    Harry Harsha Harshad Harshit Hartmut Hartwig Haruka Haruki Haruko Harun Haruna Haruto
    Harvey Hasan Hassan Hatem Hatice Hattie Havva Haydar Hayden Haydée Hayley Hayriye Hazem
    Haziq Heather Heba Hector Hedda Hedwig Hege Heide Heidemarie Heidi Heidrun Heike Heikki
    Heiko Heiner Heinrich Heinz Heitor Heleen Helen Helena Helene Helga Helge Heliodoro Hella
    Helle Helmut Helmuth Heloísa Hema Hemant Hemlata Hendra Hendrik Hendrika Hendrike Henk
    Henna Henning Henri Henrietta Henriette Henrik Henrique Henry Henryk Heraclio Herbert
    Herberto Heribert Heriberto Herman Hermann Hermelinda Hermine Herminia Herminio Hernando
    Hernán Herta Heru Hervé Hester Hicham Hidde Hideaki Hideki Hideko Hideo Higinio Hikmet
    Hilal Hilario Hilary Hilda Hilde Hildegard Hillary Hiltrud Himani Himanshu Hinrich
    Hippolyte Hipólito Hiroaki Hiroki Hiroko Hiroshi Hiroto Hiroyuki Hisako Hisashi Hisham
    Hitesh Hitomi Hitoshi Hjalmar Hlengiwe Holger Hollie Holly Homa Hongmei Honorine Hooman
    Hormoz Horst Hortense Hortensia Hossein Hotaru Houda Howard Howell Hoàng Hristo Hrvoje
    Hryhoriy Htet Hubert Hubertus Huda Hugh Hughie Hugo Hugues Huguette Huilan Humaira
    Humberto Humphrey Huong Hussain Hussam Hussein Huy Hye Hyejin Hynek Hyun Hyunjin Hyunwoo
    Håkan Håkon Hélio Héloïse Hélène Hörður Hùng Hülya Hüseyin Iacob Ian Ianthe Iara Ibolya
    Ibrahim Ibtissam Ibán Ichiro Ida Idan Idris Idriss Ieva Ifeanyi Ifeoma Ifeyinwa Iftikhar
    Ignacia Ignacio Ignacy Ignatius Ignazio Igor Ihor Ihsan Iiro Ijeoma Ikechukwu Ikram Ilan
    Ilana Ilaria Ildefonso Ildikó Ileana Ilham Iliana Ilias Ilka Ilkka Ilona Ilse Ilya Ilze
    Imad Imane Imani Imelda Imke Immacolata Imogen Imran Imre Inas Inbal Indira Indra Indrajit
    Indrek Ineke Ines Inese Ineta Inga Inge Ingeborg Ingemar Inger Ingo Ingolf Ingrid Ingunn
    Ingvar Inma Inmaculada Inna Insa Inácio Inès Inés Inês Ioan Ioana Ioanna Ioannis Iolanda
    Ionel Ionuț Ippazio Iqbal Iraj Irene Ireneusz Irfan Irina Irma Irmgard Irmtraud Irvin
    Irving Irwan Irwin Iryna Irène Isaac Isabel Isabella Isabelle Isadora Isamu Isao Isaura
    Isaure Isaías Isha Ishaan Ishan Ishani Ishita Ishrat Ishwar Isidora Isidoro Isidro Isla
    Ismael Ismail Ismaël Isobel Isolde Isra Issa Issam István Itai Itamar Itsuki Itumeleng
    Itzhak Itziar Iulia Iulian Ivan Ivana Ivanka Ivano Ivar Ivaylo Iveta Ivica Ivo Ivone Ivor
    Iván Iwan Iwo Iwona Izabela Izabella Izumi Izzati Izzy Jaakko Jaan Jaanus Jaap Jaber
    Jabulani Jacek Jacinta Jacinthe Jacinto Jacira Jack Jackie Jacky Jacob Jacoba Jacobo
    Jacobus Jacopo Jacqueline Jacquelyn Jacques Jacquot Jaden Jadranka Jadwiga Jae Jaehyun
    Jaeyong Jafar Jagdish Jagoda Jahangir Jaime Jake Jakob Jakub Jalal Jamal Jameel James
    Jamie Jamila Jana Janaki Jane Janelle Janet Janette Janice Janie Janina Janine Janis Janne
    Jannes Jannik Janusz Jaqueline Jared Jari Jarle Jarmila Jarmo Jaromír Jaroslav Jaroslava
    Jarosław Jarrod Jasmijn Jasmin Jasminka Jason Jaspreet Jassim Jatin Javad Javi Javier
    Javiera Jawad Jayant Jayanti Jayashree Jayden Jayesh Jayne Jayson Jeanette Jeanie Jeanne
    Jeannette Jeannie Jeannine Jeff Jeffery Jeffrey Jejomar Jelani Jelena Jelle Jelmer Jemima
    Jemma Jen Jenaro Jenna Jennie Jennifer Jenny Jens Jenő Jeppe Jeremy Jeremías Jermaine
    Jernej Jeroen Jerome Jerry Jerzy Jerónimo Jesper Jess Jesse Jessica Jessie Jesusa Ji
    Jianguo Jianhua Jianping Jieun Jihoon Jildou Jill Jillian Jim Jimena Jimin Jimmie Jimmy
    Jindřich Jinping Jinwoo Jiro Jisoo Jitendra Jitka Jiwon Jiwoo Jiyoung Jiřina Jiří Joachim
    Joakim Joan Joana Joann Joanna Joanne Joao Joaquim Joaquina Joaquín Jocelyn Jocelyne
    Jochen Jodi Jodie Jody Joe Joel Joep Joey Johan Johann Johanna Johannes John Johnathan
    Johnathon Johnnie Johnny Joko Jolanda Jolene Jolijn Jon Jonas Jonathan Jonathon Joni Jonny
    Joo Joost Jordi Jordyn Jorge Joris Josef Josefa Josefina Josefine Josep Joseph Josephine
    Josette Josh Joshua Josiah Josiane Josie Josje Josselin Jost Josué José Joséphine Jovan
    Jovana Jovita Joyce Jozef João Joël Joëlle Juan Juana Juanita Juanito Juanma Jucélia Judd
    Judit Judy Juha Juhani Jukka Julia Juliana Julianna Julianne Julie Julien Julienne
    Juliette Julio Juliusz Julián Junaid Junho Junichi Junjie Junko Juraj Jure Jurgita Jurre
    Jussara Jussi Justin Justina Justine Justyna Jutta Jyoti János Jérémie Jérémy Jérôme
    Jóhann Jóhanna Józef József Jörg Jörn Jørgen Jørn Júlia Júlio Jürgen Jānis Jędrzej Jūratė
    Kaan Kaarina Kabir Kacper Kade Kadir Kadri Kadriye Kagiso Kaido Kailash Kaique Kaisa
    Kaitlin Kaitlyn Kaito Kaja Kajal Kajetan Kalevi Kalina Kalle Kalliopi Kaloyan Kalpana
    Kalyani Kamal Kamala Kamarul Kamau Kambiz Kamil Kamila Kamini Kamran Kana Kanako Kanika
    Kanya Kaori Kaoru Kapil Kara Karabo Karan Kareem Karel Karen Karianne Karim Karima Karin
    Karina Karl Karla Karlheinz Karol Karolina Karoline Karsten Karthik Karthika Kartik Karuna
    Kasey Kashif Kashish Kassandra Kassem Kasumi Kasun Katalin Katariina Katarina Katarzyna
    Kate Katelyn Katerina Kateryna Kateřina Katharina Katharine Katherine Kathleen Kathrin
    Kathryn Kathy Katie Katja Katlego Katrin Katrina Katsumi Katsuo Katy Kaushik Kaustubh Kauã
    Kaveh Kavita Kavitha Kavya Kawtar Kaye Kayla Kaylee Kayleigh Kazem Kazimierz Kazuhiko
    Kazuhiro Kazuki Kazuko Kazumi Kazuo Kazuya Kağan Kebede Kees Keiichi Keiji Keiko Keira
    Keisuke Keith Kelechi Kelley Kellie Kelly Kelsey Kemal Kemi Ken Kenan Kendall Kendra Kengo
    Kenichi Kenji Kenneth Kenny Kenta Kentaro Kenzo Kerem Keri Kerim Kerri Kerry Kersti
    Kerstin Keshav Ketan Ketut Kevin Keyvan Kezban Kgosi Khadija Khadijah Khairul Khaled
    Khalid Khalil Khanh Khawla Khosrow Khrystyna Khumo Khurram Khushboo Khushi Kianoush Kiara
    Kidane Kiera Kieran Kiichi Kike Kilian Kim Kimberley Kimberly Kimmo Kinga Kiran Kirill
    Kirk Kirsi Kirsten Kirstie Kirsty Kishan Kishore Kittisak Kiyoshi Kjell Kjersti Klaas
    Klara Klas Klaudia Klaus Klára Knut Kody Koen Kofi Kohei Koichi Koji Kojo Komang Konrad
    Konstantin Konstantina Konstantinos Konstanty Konstanze Koray Korbinian Kornel Kornelia
    Kornél Kostas Kosuke Kourosh Kouta Krasimir Krešimir Kris Krishnan Krista Kristen Krister
    Kristi Kristian Kristie Kristin Kristina Kristine Kristjan Kristoffer Kristopher Kristy
    Kristín Kristóf Kristīne Krisztina Krisztián Kriti Kritika Krystal Krystian Krystyna
    Krzysztof Ksawery Ksenia Kseniya Kudzai Kuldeep Kumari Kumiko Kunal Kunigunde Kurt Kurtis
    Kusum Kusuma Květa Květoslava Kwabena Kwaku Kwame Kwasi Kyla Kyle Kylie Kyllikki Kyoko
    Kyra Kyriakos Kyung Kálmán Károly Käthe Kévin Kübra Külli Kürşat Kęstutis Lachlan Ladislav
    Laetitia Lahiru Laia Laila Laimonis Lajos Lakshya Lale Lalit Lalita Lalo Lamar Lamberto
    Lambros Lamia Lamine Lana Lando Landon Lara Larisa Larissa Larry Lars Larysa Lasse Latasha
    Latha Latifa Latisha Latoya Laura Laure Lauren Laurence Laurens Laurent Laurențiu Lauretta
    Laurette Lauri Laurie Laurine Lauryn Lavanya Lavinia Lavínia Lawrence Laxman Laxmi Layal
    Layla Lazzaro Laëtitia Lea Leah Leander Leandra Leandro Leann Leanna Leanne Lech Leela
    Leena Leif Leigh Leila Leire Lekha Leland Lena Lene Leni Lenka Lennart Lenny Lenora
    Leocadia Leocadio Leokadia Leona Leonard Leonardo Leoncio Leonel Leonhard Leonid Leonidas
    Leonor Leonora Leopold Leopoldo Leoš Lerato Leroy Lesedi Lesley Leslie Lestari Lester
    Lesya Leszek Lesław Leticia Letizia Letícia Levent Levente Lewis Lexi Leyla Leyre Leïla
    Liam Liana Liane Libby Libor Libuše Licia Lidia Lidija Lidio Lidiya Lieke Liesbeth Liesel
    Lieselotte Liezel Liga Ligia Lihua Liisa Lijuan Lila Lilia Lilian Liliana Liliane Liling
    Lillian Lillie Limor Lina Linas Linda Lindiwe Lindsay Lindsey Lineu Linh Linnea Linnéa
    Lionel Lior Liora Lisa Lisandro Lisanne Lisbet Lise Lisette Lissa Livia Livio Liviu Liwia
    Liz Liza Lizzie Ljiljana Ljubica Ljubomir Lloyd Loes Lois Lokesh Lola Lonnie Lope Lora
    Loraine Loredana Lorella Lorena Lorenz Lorenza Lorenzo Loretta Lori Loris Lorna Lorraine
    Lothar Lotte Lottie Lou Loubna Louella Louis Louisa Louise Louison Lourenço Loïc Loïs Luan
    Luanne Luay Lubna Lubomír Luboš Luc Luca Lucas Lucette Luchino Lucia Luciana Luciano Lucie
    Lucien Lucienne Lucila Lucille Lucinda Lucio Lucius Lucjan Lucrecia Lucrezia Lucy Lucyna
    Lucía Ludger Ludivine Ludmila Ludovic Ludovica Ludovico Ludwig Ludwik Ludwika Luděk Luella
    Luigi Luigina Luis Luisa Luisina Luiz Luiza Luka Lukas Lukáš Luminița Lungile Lupe Lupita
    Luther Lutz Luuk Luzia Luís Luísa Lwazi Lydia Lydie Lyle Lyman Lynda Lyndsey Lynette Lynn
    Lynne Lynsey Lysiane Lyubomir Lyubov Lyudmila László Lázaro Léa Léandre Léna Léo Léon
    Léonard Léonie Léopold Lídia Lígia Lívia Lóránt Lúcia Līga Maaike Maarja Maarten Maartje
    Maayan Mabel Macarena Macario Machiko Maciej Mackenzie Maddalena Maddie Maddison Madeleine
    Madelief Madeline Madelyn Madge Madhav Madhavi Madhu Madhur Madhuri Madis Maeve Magali
    Magda Magdalena Magdaléna Maggie Magnus Mahbub Mahendra Maher Mahesh Mahmood Mahmoud
    Mahmut Mahnaz Mahsa Mahshid Maiara Maik Maike Maiko Maisie Maite Maitê Maja Majed Majid
    Makena Makiko Makis Makoto Maks Maksim Maksym Maksymilian Malachi Malathi Malcolm Malee
    Malena Malene Malgorzata Malik Malika Malini Malka Mallory Malwina Mamadou Mamoru Mamta
    Manabu Manal Manas Manasi Manav Mandeep Mandira Mandisa Mandla Mandy Manfred Mangesh
    Manijeh Manish Manisha Manja Manjeet Manjit Manju Manjula Manlio Manmohan Manoel Manoj
    Manola Manolis Manolo Manon Mansi Mansour Mantas Manuel Manuela Manuelita Marc Marceau
    Marcel Marcela Marcelina Marcelino Marcella Marcelle Marcellin Marcello Marcelo Marcia
    Marcial Marciano Marcin Marco Marcos Marcus Marcy Mareike Marek Marga Margaret Margareta
    Margarete Margarida Margarita Margaux Margery Margherita Margie Margit Margo Margot
    Margret Margrit Marguerite Maria Mariah Mariam Mariama Marian Mariana Mariane Marianela
    Marianna Marianne Mariano Maribel Marica Maricar Maricarmen Maricel Maricela Marie Marieke
    Mariele Marielle Marietta Mariette Marija Marijana Marijke Marijn Marika Mariko Marilyn
    Mario Marion Marios Marisa Marisela Marisol Marissa Maristela Marit Marites Marius Mariusz
    Mariya Marjatta Marjo Marjolaine Marjorie Markku Marko Markus Markéta Marla Marleen
    Marlene Marli Marlies Marlis Marloes Marlon Marsha Marta Martha Marthe Martijn Martin
    Martina Martine Martino Martirio Marty Martyna Martín Marvin Marwa Marwan Mary Maryam
    Maryann Maryanne Maryla Marzena María Marília Masaaki Masahiko Masahiro Masaki Masako
    Masami Masanori Masao Masaru Masashi Masato Masayuki Masego Masoud Massimiliano Massimo
    Matej Mateo Mateus Mateusz Matheus Mathias Mathieu Mathilde Mathis Mathurin Matilda
    Matilde Matjaž Matouš Matt Matteo Matthew Matthias Matthieu Matthijs Matti Mattia Mattie
    Matylda Matías Matěj Maud Maude Maulana Maura Maureen Maurice Mauricio Maurilio Maurizia
    Maurizio Mauro Maurício Mavis Maxence Maxim Maxime Maximiano Maximiliano Maxine Maxwell
    Maya Mayara Maysa Mayumi Mazen Maël Maëlle Maëlys Małgorzata Meagan Mechthild Medine
    Meelis Meena Meenakshi Meera Mees Meg Megan Megawati Megha Meghan Meghana Megumi Mehdi
    Mehmet Mehnaz Mehran Mehrdad Mehul Mehwish Meike Meiling Meinhard Meir Melaku Melania
    Melanie Melchor Melek Melike Melinda Melis Melisa Melissa Meltem Melvin Melvyn Menachem
    Mengyao Meral Merav Merche Meredith Merel Merete Meriem Mert Merve Mervyn Meryem Meskerem
    Mesut Metin Mette Mevlüt Mia Micaela Michael Michaela Michal Michalina Michalis Michał
    Micheal Michel Michela Michelangelo Michele Micheline Michelle Michiko Michèle Midori
    Mieczysław Mieke Mieko Mieszko Miguel Miha Mihaela Mihai Mihnea Miho Mihály Mika Mikael
    Mikako Mikayla Mike Mikhail Miki Mikkel Mikko Miklós Mikołaj Milad Milada Mildred Milena
    Milica Milind Miljenko Millicent Millie Milo Milorad Miloslav Milou Miloš Milutin Miluše
    Mimi Minako Minal Mindaugas Mindy Mingming Minh Minho Minji Minjun Minna Minoru Minseo
    Minsu Mira Miranda Miray Mircea Mireia Mireille Mirela Mirella Miri Miriam Mirjam Mirjana
    Mirko Miroslav Miroslava Mirosław Mirthe Misaki Mitch Mitchell Mithun Mitra Mitsuko Mitsuo
    Mitsuru Miwa Miyako Miyuki Mizuki Miłosz Mladen Moacir Modesta Modris Mogens Mohamad
    Mohamed Mohammad Mohammadreza Mohammed Mohan Mohini Mohit Mohsen Moira Moisés Mojca Mojgan
    Mollie Molly Momoka Momoko Momčilo Mona Monali Moncef Monica Monika Monique Montserrat
    Monty Morag Mordechai Morena Morgan Morgane Moritz Morris Morten Morteza Mortimer Moshe
    Motoko Mounir Mourad Moussa Mpho Mridula Mrinal Mthunzi Muammer Mudassar Muhamad Muhammad
    Muhammed Muhammet Muhannad Muharrem Mukadder Mukesh Mukta Mukul Mulugeta Munir Murali
    Murat Muriel Murilo Murray Musa Mustafa Mustapha Mwangi Mykhailo Mykola Myles Myra Myriam
    Myrna Myron Myrthe Myung Márcia Márcio Márk Márta Márton Mátyás Mélanie Mélina Mélissa
    Mónica Mónika Mônica Mücahit Müge Mārtiņš Mădălina Naama Nabil Nabila Nacho Nadav Nadeem
    Nader Nadezhda Nadia Nadine Nadiya Nadja Nadège Naděžda Naeem Naftali Nagesh Nahid Naima
    Naina Najat Najib Najla Najwa Naledi Naman Namrata Nanako Nanami Nancy Nandi Nandini
    Nandita Nanette Nanna Nanni Naoki Naoko Naomi Naoto Narayan Narciso Narendra Naresh Narges
    Naser Nasim Nasreen Nasrin Nasser Nassim Natacha Natalia Natalie Nataliya Natalya Natan
    Natasha Natasza Nate Nathalie Nathan Nathaniel Natsuki Natsuko Natsumi Nattapong Natália
    Naveen Navin Navneet Nawaf Nawal Nayef Nazan Nazanin Nazario Nazia Nazih Nazlı Nebojša
    Necati Necla Ned Nedda Nedyalka Neelam Neelima Neena Neeraj Neeta Neeti Neetu Negar Negin
    Neha Neide Neil Nejc Nektarios Nela Nele Nellie Nemanja Nenad Nerea Nermin Neslihan Nesrin
    Nettie Nevena Neville Nevin Nevzat Ngoc Ngozi Nguyệt Ngọc Nhung Niall Niamh Nicanor
    Niccolò Nicholas Nick Nicky Nico Nicola Nicolae Nicolas Nicolasa Nicole Nicoleta Nicoletta
    Nicolás Nicolò Nidal Niels Nienke Nigel Nihal Nihat Niina Nikhil Niki Nikki Niklas Niko
    Nikodem Nikola Nikolai Nikolaos Nikolaus Nikolay Nikolett Nikoletta Nikos Nilay Nilda
    Nilesh Nilgün Niloofar Nils Nilüfer Nima Nimisha Nina Nino Ninon Nir Niraj Niran Nirav
    Nirmala Nisha Nishant Nisreen Nissim Nitesh Nithya Nitin Nivaldo Niyazi Nizar Njeri Njål
    Nkechi Nkosana Nnamdi Nneka Noa Noah Noam Noboru Nobuhle Nobuko Nobuo Nobuyuki Noel Noelia
    Noelle Noemi Noemí Nokuthula Nolan Nomsa Nomvula Nonhlanhla Nora Norah Norbert Norberto
    Noreen Norma Norman Nosipho Nouf Nour Noura Novak Nozomi Noé Noémi Noémia Noémie Noël
    Noëlle Nthabiseng Ntombi Ntombizodwa Nuno Nunzia Nuran Nuray Nurettin Nurgül Nuri Nuria
    Nurit Nurten Nurul Nusrat Nuwan Nyambura Nydia Nyoman Nádia Nándor Nélida Néstor Obdulia
    Obinna Octavia Octavian Octavio Océane Odair Odalys Oddny Oddvar Odile Odunayo Odysseas
    Ofelia Ofer Ofir Ognjen Ognyan Ohad Ojārs Okan Oksana Oktavia Oktawia Oktay Ola Olaf
    Olalla Olamide Olav Olavi Olavo Oldřich Oleg Oleh Oleksandr Oleksandra Oleksiy Olena Olga
    Olgierd Olha Olimpia Oliver Olivia Olivier Oliwia Oliwier Olli Ollie Olof Olufemi Olumide
    Oluwaseun Oluwatobi Olívia Omar Omer Omid Omolara Ondřej Onofre Onur Onyeka Onyinye
    Ophélie Orazio Oren Oreste Orhan Oriane Orianne Orit Orla Ornella Orsolya Orson Orville
    Osama Osamu Osborne Oskar Osman Osmar Osnat Ostap Osvald Osvaldo Oswald Oswaldo Otakar
    Othman Otilia Otis Otmar Ottar Ottavio Ottfried Ottilie Ottmar Otto Ottone Otávio Otília
    Oumar Oumou Ousmane Outi Ovidiu Owain Owen Oya Ozan Ozge Paavo Pablo Paco Padma Padmini
    Padraig Paige Palesa Pallavi Palle Palmira Pam Pamela Panagiota Panagiotis Pankaj Panos
    Paola Paolo Parag Paraskevi Paride Parisa Parth Parul Parvaneh Parvati Parveen Parvin
    Parviz Pasan Pascale Pascual Pascuala Pasquale Pasqualina Patrice Patricia Patricio
    Patrick Patrizia Patrizio Patryk Patsy Patti Patty Paul Paula Paulette Paulina Pauline
    Paulino Paulo Pauwel Pavel Pavla Pavlo Pavlos Pavlína Paweł Payal Payam Payton Peder Pedro
    Peggy Pekka Pelayo Pelin Pelle Pemba Penelope Pengfei Pentti Pepa Pepita Pepito Pernilla
    Pernille Perrine Perry Petar Pete Peter Petr Petra Petri Petro Petronila Petros Petru
    Petter Petula Petya Peyman Peyton Phil Philibert Philip Philipp Philippa Philippe Phillip
    Philomena Phineas Phoebe Phuc Phumzile Phuong Phyllis Phương Pierangelo Piergiorgio
    Pierluigi Piermarco Piero Pierre Pierrette Piet Pieter Pietro Pimchanok Pina Pinchas Piotr
    Pirjo Pirkko Piroska Plamen Polat Poliana Polina Polly Pompeo Ponciano Pontus Pooja Poonam
    Porfirio Pouya Prabha Prabhakar Prabhat Prabowo Prachi Pradeep Prafulla Pragya Prajakta
    Prakash Pramod Pramono Pranav Pranay Prasad Prasanna Prasert Prashant Prateek Pratibha
    Pratik Pratima Praveen Prayut Preben Predrag Preecha Preeti Prema Prerna Priit Primož
    Priscila Priscilla Prisha Pritam Priti Priya Priyanka Priyantha Prudencio Przemysław
    Puccio Pulkit Puneet Purnima Purvi Pushpa Putri Putu Pánfilo Päivi Péter Pío Pēteris Pınar
    Přemysl Qasim Qianqian Quang Quentin Quinn Quinton Quique Quirine Quitéria Quỳnh Rabab
    Rabea Rabia Rachael Rachana Rachel Rachelle Rachid Rachida Rachna Radek Radha Radhika
    Radim Radka Radmila Radomír Radoslav Radostina Radosław Radovan Radu Radwan Raed Rafael
    Rafaela Rafał Raffaele Raffaella Raffaellino Rafiq Raghad Raghav Raghu Ragnar Ragnhild
    Rahayu Rahma Rahmat Rahul Raimo Raimondo Raimonds Raimundo Rainer Raisa Raivo Raj Rajan
    Rajani Rajat Rajeev Rajendra Rajesh Rajeshwari Rajinder Rajiv Rajko Rajkumar Rajni Rakesh
    Rakhi Ralf Ralph Raluca Ramakrishna Ramazan Ramesh Rami Ramin Ramiro Ramona Ramy Ramya
    Ramón Ranbir Randal Randall Randi Randolph Rania Ranjan Ranjana Ranjeet Ranjit Ranko Raoul
    Raphael Raphaël Raphaëlle Raquel Rasha Rashad Rashi Rashid Rashmi Rasmus Ratana Ratko
    Ratna Raul Ravi Ravindra Ravit Raymond Raymonde Raíssa Raúl Rebeca Rebecca Rebekah Recep
    Reem Reena Reet Regan Reggie Reginald Rehan Rehana Reidar Reijo Reiko Reinaldo Reiner
    Reinhard Reinhardt Reinhold Reinier Rekha Rena Renan Renata Renate Renato Renaud Rene
    Renee Renske Renu Renuka Renzo Renáta René Renée Reshma Restituto Reuben Revathi Revital
    Reyhan Reynald Reynaldo Reza Rhett Rhiannon Rhoda Rhona Rhonda Rhys Riad Rianne Ricarda
    Ricardo Riccarda Riccardo Richa Richard Richie Richárd Rick Rickey Ricky Rico Riddhi Ridhi
    Riham Riikka Riina Riitta Rikke Riko Riley Rima Rimantas Rina Rini Risa Rishabh Rishi
    Rishika Risto Rita Ritesh Ritika Rivka Riya Riyad Rizal Rizalino Rizki Rizky Rizwan Roald
    Robbie Robert Roberta Roberte Roberto Robyn Rocco Rocío Roderick Rodger Rodney Rodolfo
    Rodolphe Rodrigo Roel Roelof Rogelio Roger Rogier Rogério Rohan Rohini Rohit Roksana
    Roland Rolande Rolando Rolf Romain Romane Romeu Romina Romolo Romuald Romy Román Roméo Ron
    Rona Ronald Ronaldo Ronan Ronda Roni Ronit Ronnie Roque Rory Rosa Rosalia Rosalie Rosalind
    Rosalinda Rosalva Rosalyn Rosalía Rosana Rosanna Rosanne Rosaria Rosaura Roscoe Roseanne
    Roseline Rosemarie Rosendo Roshan Roshni Rosie Rosina Roslan Rosmah Rossana Rossella
    Rostislav Rostyslav Roswitha Rosângela Rotimi Rowan Rowena Roxana Roxane Roxanne Roy Royce
    Rozalia Rozália Ruba Ruben Rubina Rubén Ruchi Ruchika Rudi Rudo Rudolf Rudolph Rudra Rudy
    Rufaro Rufina Rufino Rufus Ruggero Ruggiero Rui Ruixue Rukhsana Rukiye Rukmini Rula Rumen
    Rupa Rupali Rupert Ruperta Ruperto Rupesh Rupprecht Ruprecht Ruslan Ruslana Russ Russell
    Rutger Ruthie Ruud Ruy Ryan Rylan Ryo Ryoichi Ryoko Ryosuke Ryota Ryszard Ryuichi Ryuji
    Régine Régis Réka Rémi Rémy Róbert Rômulo Rúben Rüdiger Răzvan Rıza Rūta Růžena Saad
    Saadia Sabatino Sabina Sabine Sabino Sabri Sabrina Sabrine Sacha Sachiko Sachin Sadaf
    Sadako Sadia Sadie Sadık Saeed Saeideh Safaa Safia Sahil Saida Saima Sajid Sajida Sajjad
    Sakari Sakda Sakshi Salah Salama Salif Salih Salim Salima Sallie Sally Salma Salman Salomé
    Salomón Saloni Salvador Salvatore Salvi Saman Samaneh Samanta Samantha Samar Samarth
    Sameer Sameh Samer Samet Sami Samia Samiksha Samir Samira Samkelo Sammy Sampath Samson
    Samuel Sanaa Sanath Sanaz Sancho Sanda Sandalio Sandeep Sander Sandhya Sandra Sandrine
    Sandro Sanduni Sang Sangeeta Sangita Sanja Sanjana Sanjay Sanjeev Sanket Sanna Sanne
    Sanskriti Santina Santino Santosh Saqib Sara Sarah Sarit Sarita Saroj Sarojini Sasha
    Saskia Satish Satoko Satomi Satoru Satoshi Satu Saturnina Saturnino Satyam Saul Saulius
    Saundra Saurabh Saurav Saverio Savino Savita Savitri Sawsan Sayaka Sayuri Saïd Saúl Saša
    Scarlett Scott Scottie Seamus Sean Sebastiaan Sebastian Sebastiano Sebastián Sebastião
    Seda Sedat Seema Sefa Segismundo Segun Seiichi Seiji Selahattin Selam Selda Selena Selim
    Selin Selina Selma Selçuk Semih Semra Semyon Sena Seo Seoyeon Sepideh Seppo Serafina
    Serafín Serap Sercan Serdar Serena Serge Sergei Sergey Sergio Serhat Serhii Serhiy Serkan
    Serpil Sertaç Setareh Setiawan Setsuko Seung Seunghyun Sevda Severiano Severino Sevil
    Sevim Sevinç Seweryn Seydou Seymour Sezen Sezer Shabana Shabnam Shadi Shafiq Shahbaz Shahd
    Shahid Shahin Shahnaz Shahram Shahrul Shahrzad Shahzad Shailaja Shailendra Shailesh Shaima
    Shaimaa Shaina Shakil Shalini Shana Shane Shania Shanice Shankar Shanna Shannon Shanta
    Shapour Sharada Sharmila Sharon Shashank Shashi Shaul Shaun Shauna Shaurya Shawn Shawna
    Shayla Shayne Shazia Sheena Sheetal Shehnaz Sheila Shekhar Sheldon Shelia Shelley Shelly
    Shereen Sheri Sherif Sherri Sherrie Sherry Sheryl Shigeko Shigeo Shigeru Shikha Shilpa
    Shimon Shinichi Shinji Shinobu Shiori Shipra Shira Shirin Shirley Shital Shivam Shivani
    Shizuka Shizuko Shlomit Shlomo Shmuel Shobha Shogo Shohreh Shoichi Shoji Shona Shoshana
    Shota Shraddha Shradha Shreya Shruti Shubha Shubham Shufen Shulamit Shunsuke Shweta Shyam
    Siamak Sian Siavash Sibel Sibongile Sibusiso Siddharth Siddhi Sidonie Siegbert Siegfried
    Sieglinde Siegmar Siegmund Sietske Sifiso Sigal Sigmund Signe Sigrid Sigrun Sigríður
    Sigurd Sigvard Siham Siim Silas Silje Silke Silvana Silvano Silvestre Silvestro Silvia
    Silvija Silvio Simeon Simon Simona Simone Simphiwe Simran Simão Simón Sina Sinan Sinead
    Sinem Sini Siniša Siobhan Siphiwe Sipho Siriporn Sirpa Sissel Siti Sivert Sixtine
    Siyabonga Siyu Sizwe Sjoerd Sjors Skylar Slavica Slavko Slavomír Slimane Slobodan Smita
    Smriti Sneha Snežana Soad Soekarno Sofia Sofiane Sofie Sofiya Sofía Sohail Soheil Soheila
    Sokha Solange Solomiya Solveig Solène Somchai Somsak Sonali Sonam Sondra Sonia Sonja Sonu
    Sonya Soo Soojin Sophea Sopheap Sophia Sophie Soraya Soren Sorin Sorina Soroush Sosuke
    Sota Sotirios Sotiris Souad Soukaina Soumaya Soumya Sousan Sowmya Soyinka Soňa Spencer
    Spyridon Spyros Sridevi Sridhar Srikanth Srinivas Srishti Srđan Stacey Stacie Stacy
    Stamatis Stanislas Stanislav Stanislava Stanisław Stanisława Stavros Stefan Stefani
    Stefania Stefanie Stefano Stefanos Steffen Steffi Stelian Stelios Stella Stellan Stepan
    Stephan Stephanie Stephen Stevan Steve Steven Stevie Stewart Stian Stig Stijn Stjepan
    Stojan Stoyan Stuart Sture Stylianos Stéphane Stéphanie Suat Subhash Subramaniam Suchitra
    Sudarshan Sudarto Sudeep Sudha Sudhir Suha Suhail Suhani Suharto Suhas Sujata Sujatha
    Sukanya Sukarno Sukhdeep Sukhvinder Sulaiman Sulastri Suleiman Sumaira Suman Sumana Sumaya
    Sumedha Sumeet Sumiko Sumit Sumitra Suna Sunanda Sungmin Sunil Sunisa Sunita Sunniva
    Supaporn Supriya Supriyadi Suraj Surasak Surbhi Surendra Suresh Surinder Suryani Susan
    Susana Susann Susanna Susannah Susanne Susanto Sushant Sushil Sushila Sushma Sushmita
    Susie Susilo Susumu Sutrisno Suzan Suzanne Suzette Suzie Suzuko Suzy Svante Svatopluk
    Svein Sven Svenja Sverre Svetlana Svetoslav Svitlana Swantje Swapna Swapnil Swarna Swathi
    Swati Swen Syafiq Sybil Sylvain Sylvaine Sylvester Sylvette Sylvia Sylviane Sylvie Sylwia
    Synnøve Szabolcs Szilvia Szilárd Szymon Sándor Sára Sébastien Ségolène Séraphin Séraphine
    Séverin Séverine Sílvia Sílvio Sônia Sören Süleyman Sławomir Tabassum Tabatha Tabitha
    Tadao Tadashi Tadej Tadeo Tadesse Tadeusz Tafari Tage Taha Tahar Taher Tahir Tahira Taichi
    Taina Tainá Takahiro Takako Takao Takashi Takayuki Takehiko Takeo Takeshi Takumi Takuya
    Talia Talita Tamar Tamara Tameka Tamer Tamika Tamiko Tamirat Tammie Tammy Tamsin Tamás
    Taner Tanguy Tania Tanisha Tanja Tanmay Tanner Tanuja Tanveer Tanvi Tanvir Tanya Taoufik
    Tapio Tara Taras Tarek Tareq Tariq Tarja Tarmo Tarun Tarık Tasha Taslima Tatiana Tatiane
    Tatjana Tatsuo Tatsuya Tatum Tatyana Tayfun Taís Teddy Teemu Tejal Tekin Telemaco Telma
    Telmo Temistocle Temitope Tendai Tenzin Teo Teodor Teodora Teodoro Teodosio Teppo Terence
    Teresa Teresita Tereza Teri Terje Tero Terrance Terrell Terrence Terri Terry Tesfaye Tess
    Tessa Tetiana Tetsuo Tetsuya Teun Teófilo Thabang Thabo Thaddeus Thaksin Thales Thanasis
    Thanawat Thandeka Thandi Thandiwe Thanh Thato Thaís Thea Thelma Themba Theo Theodor
    Theodora Theodore Theodoros Theofilos Theresa Therese Theresia Thiago Thibaud Thibault
    Thierry Thijs Thilini Thilo Thokozani Thomas Thora Thoralf Thorben Thorsten Thulani
    Thushara Thuy Thành Théo Théodore Théophile Thérèse Thủy Tia Tiago Tiberiu Tibor Tiffany
    Tihomir Tiina Tijmen Tijn Tilman Tilo Tim Timmy Timo Timofey Timoteo Timothy Timothée
    Timur Tina Tinashe Tingting Tino Tisha Titik Titouan Tivadar Tiwa Tiziana Tiziano Tjaša
    Tjeerd Tobenna Tobias Toby Tochi Todd Todor Toivo Tola Tolga Toluwani Tomas Tomasa Tomasz
    Tomer Tomislav Tommaso Tommie Tommy Tomoaki Tomohiro Tomoko Tomomi Tomoya Tomás Tomáš Toni
    Tonia Tonino Tonnie Tony Tonya Toomas Toralf Torben Torbjörn Torbjørn Torgeir Tori Toribio
    Torill Torkel Torquato Torsten Toru Toshiaki Toshihiro Toshiko Toshio Toshiyuki Tosin Tova
    Tracey Traci Tracie Tracy Traian Trang Traudel Traugott Traute Travis Trent Trevor Trey
    Tricia Triin Trijntje Trina Trine Trini Trish Trisha Tristan Tristram Tristán Troels Trond
    Troy Trude Trudy Trupti Trygve Trystan Tsehay Tsepo Tshepo Tsubasa Tsuneo Tsutomu Tsuyoshi
    Tsvetan Tsvetelina Tuan Tudor Tuija Tullio Tuncay Tunde Tunç Tuomas Turgut Turhan Tushar
    Tuula Tuulikki Tuva Tuyết Tuğçe Tuấn Tymon Tymoteusz Tyra Tyree Tyrell Tyrone Tyson Tzipi
    Tzvi Tânia Tímea Tõnu Tülay Tülin Tünde Ubaldo Uberto Ubiratã Uchenna Udo Ugo Ujjwal Ulf
    Uli Ulla Ulrich Ulrik Ulrike Ulysse Umang Umar Umberto Umesh Unathi Upendra Upul Urbain
    Uriah Urmas Urmila Uroš Urpo Ursel Ursula Urszula Urte Urvashi Urška Usama Usman Utami Ute
    Utkarsh Utku Uttam Utz Uwe Uzi Uzma Uzoma Uğur Vaclav Vadim Vadym Vagner Vahid Vaibhav
    Vaishali Vaishnavi Valarie Valdas Valdemar Valdir Valdis Valentin Valentina Valentine
    Valentyn Valentyna Valentín Valeria Valerie Valerio Valeriy Valero Valery Valter Valéria
    Valérie Valéry Vanda Vandana Vanderlei Vanesa Vanessa Vanna Varsha Varun Vasant Vasanthi
    Vasco Vasile Vasilica Vasiliki Vasilios Vasilis Vasiliy Vasily Vasudev Vasudha Vasyl
    Vaughn Vebjørn Vedant Vedat Vedran Veerle Vegard Veikko Veljko Velma Venancio Vendula
    Venkat Venkatesh Ventsislav Vera Verdiana Verena Veronica Veronika Verónica Vesa Vesela
    Vesna Vibha Vicenta Vicente Vicki Vickie Vicky Victoriano Victorine Victorino Vidar Vidhi
    Vidmantas Vidya Viggo Vihaan Vijay Vijaya Vikas Vikash Vikki Vikram Vikrant Viktor
    Viktoria Viktoriya Viktória Vildan Vilde Vilgot Vilhelm Vilija Vilma Vilmos Vimal Vimala
    Vinay Vince Vincent Vincenza Vincenzo Vineet Vineeta Vinita Vinod Vinzenz Vinícius Violeta
    Viorel Viorica Vipin Vipul Viraj Virendra Virgilio Viridiana Virpi Virág Vishal Vitaliy
    Vitaly Vito Vittoria Vittorio Vitória Vivaan Vivek Vivian Viviana Viviane Vivien Vivienne
    Vjekoslav Vlad Vladimir Vladimír Vladimíra Vladislav Vlado Vlasta Vlastimil Vojislav
    Vojtěch Volkan Volker Volkmar Volodymyr Vusi Vyacheslav Vytautas Václav Véronique Vít
    Vítor Vítězslav Věra Wacław Wael Wafaa Wafula Wahyu Wahyudi Wakana Walburga Waldemar
    Waldir Waleed Walid Walter Walther Waltraud Waltraut Wambui Wanda Wanderley Wangari Wanida
    Wanjiku Wanjiru Waqar Waqas Wassim Wawan Wayan Wayne Weiguo Weimin Weiming Wenche Wencke
    Wendela Wendelin Wendy Wenzel Werner Weronika Wesley Wessel Whitney Wichai Widodo Wiebe
    Wiebke Wieland Wiesław Wiesława Wietse Wigbert Wiktor Wiktoria Wilbert Wilbur Wilfred
    Wilfredo Wilfried Wilhelm Wilhelmine Willa Willard Willem Willemijn Willi William
    Willibald Willibert Willie Willis Willy Wilma Wim Wincenty Winfried Winifred Winston
    Witold Wojciech Wole Wolfgang Woojin Wout Wouter Wulan Wulf Wyatt Wynne Wálter Władysław
    Włodzimierz Xander Xaver Xavi Xavier Xenia Xenophon Xiaofeng Xiaohong Xiaohui Xiaojun
    Xiaolan Xiaoli Xiaoling Xiaomei Xiaoming Xiaowei Xiaoxiao Xiaoyan Ximena Xinyi Xinyu
    Xiomara Xiuying Xochitl Xolani Yaakov Yacine Yael Yago Yahya Yair Yaiza Yakubu Yakup
    Yalçın Yamila Yana Yanet Yanmei Yann Yannick Yannis Yanping Yanti Yanto Yanuar Yara Yared
    Yaron Yaroslav Yasemin Yaser Yash Yashoda Yashwant Yasin Yasir Yasmeen Yasmin Yasmina
    Yasser Yassin Yassine Yasuhiro Yasuko Yasuo Yasushi Yating Yavuz Yazan Yağmur Yaşar Yegor
    Yehuda Yehudit Yejin Yekaterina Yelena Yeliz Yemi Yeon Yetunde Yevgeny Yevhen Yeşim
    Yiannis Yifan Yigal Yingluck Yingying Yiorgos Yishai Yitzhak Yiğit Ylva Ymke Yngve Yoan
    Yoann Yoav Yochanan Yogesh Yogita Yohan Yoichi Yoko Yolanda Yolande Yonas Yonatan
    Yongqiang Yoo Yordan Yosef Yoshiaki Yoshie Yoshihiro Yoshiko Yoshio Yoshiro Yoshito Yossi
    Yosuke Youcef Younes Youness Youngsoo Yousef Yousra Youssef Ysé Yudi Yuhan Yuichi Yuka
    Yukari Yuki Yukie Yukiko Yukio Yuko Yulan Yulia Yulianti Yuliya Yumi Yumiko Yunus Yuri
    Yuriko Yuriy Yury Yusra Yusuf Yusuke Yuta Yutaka Yuting Yuto Yuuki Yuval Yuvraj Yuxuan
    Yves Yvette Yvo Yvon Yvonne Yésica Yıldız Yılmaz Zac Zacarías Zach Zachariah Zacharias
    Zacharie Zachary Zack Zafar Zafer Zahid Zahida Zahra Zaid Zaida Zaina Zainab Zainal
    Zainuddin Zaira Zakaria Zaki Zane Zanele Zara Zayd Zayed Zbigniew Zdeněk Zdeňka Zdravko
    Zdzisław Zeeshan Zeev Zehava Zehra Zeina Zeinab Zekeriya Zeki Zeliha Zenon Zerrin Zeynep
    Zhigang Zhiqiang Zhivko Zhiwei Ziad Zied Zihan Zilda Zinaida Zineb Zinhle Zixuan Ziya Ziyi
    Zlatan Zlatko Zodwa Zoe Zoey Zofia Zohra Zohreh Zoltán Zoraida Zoran Zorica Zouhair Zoya
    Zoé Zoë Zsolt Zsuzsa Zsuzsanna Zsófia Zubair Zulema Zulkifli Zuzana Zuzanna Zvi Zvonimir
    Zygmunt Zélia Zélie Zübeyde Züleyha Zümra Ádám Ágata Ágatha Ágnes Ágota Ákos Álvaro Ángela
    Árpád Åke Åsa Édith Édouard Élian Éliane Éliette Élisa Élisabeth Élise Élodie Éloïse
    Éléonore Émeline Émile Émilie Émilien Éric Étienne Éva Évariste Évelyne Íker Íñigo Ólafur
    Óscar Özge Özgür Özkan Özlem Øystein Øyvind Úrsula Ülle Ümit Ümmü Þórður Čeněk Đorđe
    İbrahim İlayda İlhan İlker İlknur İpek İrem İsmail İsmet Łucja Łukasz Şaban Şahin Şebnem
    Şerife Şevket Şule Şükrü Šimon Štefan Štěpán Šárka Šťěpán Željko Ștefan Ștefania
    """.split()
)

# The most common of them, which are known in capitals and in small letters as well
COMMON = frozenset(
    """Aaron Abigail Adam Adrian Adriana Adrien Agnes Agnieszka Ahmed Ahmet Aisha Alan Albert
    Alberto Alejandra Alejandro Alessandro Alessia Alexander Alexandra Alexandre Alfred Alice
    Alicia Alison Allan Allison Alyssa Amanda Amelia Amina Amit Anders Andrea Andreas Andrew
    Andrzej Angela Angelica Anita Anja Anjali Anna Anne Annette Annie Anouk Anthony Antoine
    Anton Antonia Antonio Arjun Arnaud Arthur Ashley Astrid Audrey Barbara Beatrice Beatriz
    Benedikt Benjamin Bernard Bernd Bernhard Beth Bethany Bogdan Brandon Brenda Brian Brigitte
    Bruno Bryan Caitlin Camille Carla Carlos Carmen Carol Carole Caroline Carolyn Catherine
    Cecilia Charles Chloe Chris Christina Christine Christophe Christopher Claire Clara
    Claudia Colin Connor Craig Cristina Cynthia Daniel Daniela Daniele Danielle Danny Darren
    Dave David Deborah Denis Denise Derek Diana Diane Dieter Dominik Dominique Donald Donna
    Doris Dorothy Douglas Duncan Dylan Edith Eduardo Edward Eileen Eleanor Elena Elias
    Elisabeth Elise Elizabeth Ella Ellen Emil Emilia Emily Emma Emmanuel Enrico Enrique Eric
    Erica Erik Erika Erin Ernesto Eugene Evelyn Fabian Fabio Fatima Federica Federico Felix
    Fernanda Fernando Fiona Florian Francesca Francesco Francis Franck Frederik Friedrich
    Gabriel Gabriela Gareth Gary Geoffrey Georg George Georges Gerald Gerhard Giorgio Giovanni
    Giulia Giuseppe Gonzalo Gordon Graham Greg Gregory Guido Guilherme Guillaume Gustav
    Gustavo Hamza Hannah Hans Harald Harold Harry Hassan Heather Hector Heidi Heike Heinrich
    Heinz Helen Helena Helene Helga Henri Henrik Henry Herbert Hermann Holly Howard Hubert
    Hugo Ibrahim Ignacio Igor Ines Inga Ingrid Irene Irina Isaac Isabel Isabella Isabelle Ivan
    Jack Jacob Jacqueline Jacques Jakob Jakub James Jamie Jane Janet Janice Janusz Jason
    Javier Jeff Jeffrey Jennifer Jenny Jeremy Jerry Jesse Jessica Jill Joan Joanna Joanne Joao
    Jochen Joel Johan Johann Johanna Johannes John Johnny Jonas Jonathan Jorge Josef Joseph
    Joshua Juan Juana Judy Julia Juliana Julie Julien Julio Justin Justyna Kaitlyn Karen Karin
    Karl Karolina Katarzyna Kate Katharina Katherine Kathleen Kathryn Kathy Katie Katja
    Katrina Kavita Keith Kelly Kenneth Kerry Kevin Khalid Kimberly Kirsten Klaus Kristen
    Kristin Kristina Krzysztof Kurt Kyle Larry Lars Laura Lauren Laurence Laurent Laurie Leah
    Lena Leonard Leonardo Leslie Liam Linda Lindsay Lisa Lorenzo Lori Lorraine Louise Luca
    Lucas Lucia Lucie Lucy Luis Luisa Luiz Lukas Lydia Maciej Madeleine Magdalena Magnus
    Malgorzata Manfred Manuel Manuela Marc Marcel Marcin Marco Marcos Marcus Marek Margaret
    Margareta Maria Mariana Marianne Marie Mario Marion Marjorie Markus Marta Martha Martin
    Martina Martine Mary Maryam Mateo Mateusz Mathias Mathilde Matteo Matthew Matthias Mattia
    Maureen Mauricio Maurizio Megan Mehmet Melanie Melissa Michael Michaela Michel Michele
    Michelle Miguel Mikael Mike Mikhail Mohamed Mohammad Mohammed Molly Monica Monika Monique
    Moritz Muhammad Murilo Mustafa Naomi Natalia Natalie Natasha Nathalie Nathan Neha Neil
    Nicholas Nick Nicola Nicolas Nicole Nigel Nikolai Nils Nina Nora Norma Olaf Olga Oliver
    Olivia Olivier Omar Otto Owen Pablo Pamela Paolo Patricia Patrick Patrizia Paul Paula
    Pauline Paulo Pedro Peggy Peter Petra Philip Philipp Philippe Phillip Pierre Piotr Priya
    Rachel Rafael Rahul Rajesh Ralf Ralph Raquel Raul Raymond Rebecca Reinhard Renata Renate
    Renato Ricardo Riccardo Richard Rita Robert Roberta Roberto Rodrigo Roger Rohan Roland
    Ronald Rosa Russell Ryan Sabine Sabrina Salvatore Samantha Samuel Sandra Sandrine Sanjay
    Sara Sarah Scott Sean Sebastian Sergio Shannon Sharon Shaun Shirley Silvia Simon Simone
    Sofia Sonia Sophia Sophie Stefan Stefanie Stefano Stella Stephanie Stephen Steve Steven
    Stuart Sunil Susan Susanne Suzanne Sven Sylvia Sylvie Tamara Tanja Tara Teresa Terry
    Theresa Thierry Thomas Thorsten Tiffany Timothy Tina Tobias Todd Tomasz Tommaso Tony
    Tracey Tracy Travis Troy Ulrich Ursula Valentina Valerie Vanessa Veronica Vicente Vicki
    Vijay Vikram Vincent Vincenzo Viviana Vladimir Walter Wanda Wayne Wendy Werner Wesley
    Wilhelm William Wojciech Wolfgang Xavier Yann Yasmin Yolanda Yves Yvonne Zachary Zainab
    """.split()
)

# Given names that are also words, places or products: a capitalised word must follow
AMBIGUOUS = frozenset(
    """Abel Abraham Ada Adi Africa Aida Ajax Ala Alba Alexandria Ali Alia Alma Amal Aman Amber
    America Amor Amos Ana Anas Anat Andi Angel Angeles Angus Apollo April Argus Aria Ariel Art
    Ash Ashton Asia Aspen Athena August Aurora Austin Autumn Aya Bas Basil Bay Beau Belen
    Belle Belén Bentley Berkeley Berry Bill Bin Bing Blake Blaze Bliss Bo Boston Bradford
    Brandy Brook Brooke Brooklyn Buck Bud Buddy Cain Candy Carolina Carter Cash Cassandra
    Celeste Celtic Chad Chance Chandler Chandra Chanel Charity Charlie Charlotte Chase Chelsea
    Cherry Chip Christ Christian Claude Clay Cliff Clifton Cloud Clover Colt Cooper Coral Crew
    Cruz Crystal Daisy Dakota Dale Dallas Dane Dash Dawn Dean Delta Destiny Devon Dian Dick
    Diego Django Dolly Dominic Don Dora Dot Drew Duke Dulce Earl Ebony Echo Ed Eden Edi Eka
    Else Ember Enoch Ernst Eros Essence Esther Eve Ezekiel Fabric Faith Fay Fern Fleur Flint
    Flora Florence Ford Forest Forrest Fox Francisco Frank Gala Gale Garland Gay Gemma Gene
    Genesis Georgia Ginger Glen Gloria Glory Gospel Grace Gracia Grant Gray Grey Guadalupe Guy
    Hala Ham Hao Happy Harmony Harper Harris Haven Haya Hazel Heath Heaven Hilton Holland
    Homer Hong Honor Hope Hosea Hui Hunter Iga Ina Indah India Ion Ira Iris Isaiah Israel
    Ivory Ivy Jade Jan Jarvis Jasmine Jasper Jay Jean Jenkins Jeremiah Jersey Jesus Jesús Jet
    Jewel Jin Jing Jo Job Jonah Jordan Journey Joy Judge Judith Julian Juliet Jun June Juniper
    Justice Kai Karma Kay Kei Kelvin Kent Kenya Khan King Kit Kitty Lala Lance Lane Lark
    Laurel Lee Lei Leon Les Levi Li Liberty Lilly Lily Lincoln Ling Logan London Long Lourdes
    Love Luke Luna Lux Luz Lyric Mac Madison Maha Mai Major Malo Manila Mar Marina Mark
    Marquis Marshall Mart Mason Mat Mats Maverick Max May Mckinley Mel Melody Memory Mercedes
    Mercy Micah Mick Milan Miles Miller Mina Minerva Ming Mini Misty Montana Moses Myrtle Nada
    Nan Nanda Nano Nash Nature Neo Nevada Nieves Nike Norm Nova Ocean Odd Olive Opal Orlando
    Oscar Pace Paisley Pansy Paris Parker Pascal Pat Patience Paz Peace Pearl Penny Pepe Per
    Phoenix Piedad Pierce Pilar Piper Poppy Porter Prairie Precious Prem Presley Preston
    Prince Princess Prudence Quebec Queen Rain Ram Rama Ramos Rana Randy Raven Ray Reda Reed
    Regina Reign Remedios Remy Ren Rex Reyes Rich Rida Ridge Rin Rio Rip River Rob Robin Rock
    Rocky Roman Romans Rome Romeo Rosario Rose Rosemary Ross Royal Ruby Rune Rusty Rut Ruth
    Sable Sage Sailor Sakura Sal Salam Salem Sam Sandy Santa Santiago Savannah Scout Serenity
    Seth Shelby Sherlock Shin Shiva Sho Sid Sierra Sky Skye Skyler Socorro Sol Sole Solomon
    Sonny Sora Spring Stan Star Sterling Stone Storm Story Sue Sultan Summer Sung Sunny
    Sunshine Sydney Tango Tao Taylor Ted Terra Tesla Thor Tiger Tobey Tom Tor Trace Trinidad
    Trinity Trip Tucker Turki Ty Tyler Una Vale Valor Van Vega Venice Venus Vernon Vic Victor
    Victoria Victory Viola Violet Virginia Vita Waad Wade Walker Ward Warren Wei Wellington
    Wells West Wheeler Will Winter Wolf Wren Yale Yan Ying Young Yu Zed Zen Zion Ángel Ángeles
    """.split()
)

# Those of them that are mostly names: any capitalised word may follow
LEANING = frozenset(
    """Abel Abraham Ali Amal Amber Ana Ariel Aya Blake Brook Carter Chad Charlie Charlotte
    Christian Crystal Daisy Dale Dane Dawn Dean Devon Dian Dick Diego Dominic Don Dora Drew Ed
    Esther Fay Francisco Frank Gene Glen Gloria Grace Grant Guadalupe Guy Hala Haya Hazel Ina
    Ira Jade Jan Jasmine Jasper Jay Jean Jesús Jo Jonah Jordan Joy Judith Julian June Kai Kay
    Kelvin Lance Laurel Lee Les Levi Lilly Lily Logan Lourdes Luke Luz Mai Mark Mason Max Mel
    Melody Micah Mick Miles Moses Oscar Parker Pat Pearl Penny Pilar Preston Ramos Rana Randy
    Ray Reed Regina Remy Rex Rob Robin Rosario Rosemary Ross Ruby Ruth Sal Sam Sandy Santiago
    Seth Shelby Sid Skyler Solomon Stan Sue Taylor Ted Tom Tyler Vernon Vic Victor Wade Warren
    Wei Ángel
    """.split()
)

# Surnames of the same parts of the world that are no words, places or given names
_SURNAMES = frozenset(
    """Aalto Abadi Abarca Abbasi Abdi Abebe Abernathy Abidi Aboud Abramov Abreu Acar Acevedo
    Acker Ackerman Ackermann Acosta Acuña Adair Adamczak Adamczyk Adams Adamski Adamson
    Addison Adeyemi Adhikari Adkins Agarwal Aggarwal Agnelli Agostini Agrawal Aguado Aguilar
    Aguilera Aguirre Ahlström Ahluwalia Ahmadi Ahn Ahonen Ahuja Ainsworth Aitken Akar Akbari
    Akbulut Akers Akgül Akinola Akkaya Akpan Aksoy Aksu Aktaş Akter Akyol Akça Alaoui Alarcón
    Alavi Albanese Albayrak Albers Albright Albu Alcaraz Alcott Alcántara Alcázar Aldridge
    Alekseev Alemán Alexiou Alfaro Alford Alkan Allain Allard Allen Allred Almeida Almonte
    Alston Altamirano Altmann Alvarado Alves Alvi Amaral Amato Ameen Ames Amico Amini Amiri
    Amoroso Anaya Andersen Anderson Andersson Andrade Andreev Andrews Andrzejewski
    Angelopoulos Angulo Annunzio Ansari Antczak Antonelli Antoniou Antonov Antunes Antúnez
    Aoki Aparicio Apaza Appleby Applegate Appleton Aquino Arai Araki Arancibia Arango Araujo
    Araya Araújo Arce Arellano Ariza Armenta Armitage Armstrong Arnesen Arnett Arora Arreola
    Arriaga Arroyo Arslan Arteaga Arévalo Arıkan Asadi Asano Asante Ashby Ashcroft Ashworth
    Askew Assunção Atencio Atherton Atkins Atkinson Atwood Aubert Aubry Auer Auld Avcı
    Avendaño Avilés Axelsson Ayala Aydemir Aydoğan Ayers Ayhan Aylward Azaria Azevedo Azizi
    Azoulay Babcock Babić Babu Bachmann Bader Badillo Baek Baeza Bagchi Baggio Bagley Bagshaw
    Bahadur Bahl Baig Bailey Bain Bainbridge Baird Bajaj Bajwa Bakema Bakke Bakker Bakshi
    Balakrishnan Balan Balasubramanian Balcı Baldwin Ballard Ballesteros Balogh Baltazar Baláž
    Bamba Bancroft Banerjee Banerji Bangura Bannister Bansal Baptista Baranov Baranowski
    Barbier Barbieri Barbosa Barbu Barclay Barišić Barker Barlow Barnard Barnes Barnett
    Barozzi Barragán Barre Barrera Barreto Barrientos Barrington Barron Barros Barroso Bartels
    Barth Barthelemy Bartkowiak Bartlett Barton Bartoš Bassett Bastos Basu Bateman Bates Batra
    Batten Batth Baudry Bauer Baumann Baumgartner Baumgärtner Bautista Bayliss Bayraktar Bazin
    Bañuelos Beardsley Beasley Beattie Beauchamp Beaulieu Beaumont Becerra Becker Beckett
    Beckham Beckmann Beckwith Becquerel Bednarczyk Bednarek Beecher Behrend Behrendt Behrens
    Belanger Belcher Belkacem Bellamy Bellini Bellucci Belov Beltrán Belyaev Benali Benard
    Benavides Benavídez Benedetti Beneš Bengtsson Benjelloun Bennani Benson Benton Benz
    Benítez Berends Berge Bergeron Berglund Bergman Bergmann Bergqvist Bergström Bermúdez
    Bernal Bernardes Bernardi Bernhardt Bernini Bernstein Berrada Berríos Berthelot Bertin
    Bertoli Bertolini Besnard Betancourt Betancur Betz Bevan Beyer Bezerra Bhagat Bhakta
    Bhalla Bhandari Bhardwaj Bhargava Bhasin Bhat Bhatia Bhatnagar Bhatt Bhattacharya
    Bhattacharyya Bhavsar Bhowmick Bianchi Bickford Bielecki Biggs Bigot Billings Bingham
    Bischoff Biswas Biton Björklund Blackburn Blackman Blackwood Blair Blanchard Blanchet
    Blankenship Blasco Blažek Blažević Blevins Blin Blom Blomqvist Blondel Bloomfield Blot
    Blount Blum Blythe Boateng Boer Boersma Bogdanov Boggs Bognár Boivin Bolaños Bolivar
    Bolívar Bondarenko Bonetti Bonilla Bonneau Boone Borges Borghi Borkowski Borowski Borrego
    Bos Bosman Boswell Bosworth Botello Botha Bouazizi Bouchard Bouchet Boukhari Bourdon
    Bourne Bousquet Bouvet Bouvier Bouwman Bouzid Bowden Bowen Bowers Bowles Bowman Boyce Boyd
    Boyer Bozkurt Bošković Božić Bradshaw Braga Brambilla Brandt Brandão Brannon Brar Brault
    Braun Breuer Briand Brien Briggs Brinkmann Briscoe Bristow Brito Britton Broderick Brodeur
    Brogan Bromley Brooks Broughton Brouwer Brown Browne Browning Bruneau Bruns Bryant
    Brzeziński Buchanan Buchholz Buchner Buckley Buckner Budde Bui Buisson Buitrago Bukowski
    Burch Bureš Burgess Burke Burkett Burkhardt Burks Burnett Burnham Burns Burrell Burris
    Burroughs Burrows Burt Burton Busby Busch Busse Bustamante Butterworth Buxton Byers Byrd
    Byrne Báez Bär Bélanger Bénard Bíró Böhm Böhme Böttcher Bùi Büchner Bąk Bērziņš Błaszczyk
    Cabral Cabrera Cahill Calabrese Caldecott Calderwood Calderón Caldwell Calero Calhoun
    Callaghan Callahan Callaway Camacho Camara Camargo Campbell Cantrell Cantu Cantú Caputo
    Carballo Cardona Cardoso Cardozo Carlier Carlisle Carlsen Carlson Carlsson Carlton
    Carmichael Carmody Carmona Carney Carpentier Carr Carranza Carrasco Carrasquillo Carreón
    Carrillo Carrión Carroll Cartier Cartwright Caruso Carvajal Carvalho Casanova Casares
    Cassidy Castaneda Castañeda Castellano Castellanos Castelli Castillo Castro Catalano
    Cattaneo Cavalcanti Cavallaro Cavanaugh Cavendish Ceballos Cedillo Cele Cepeda Cervantes
    Cervántez Chacón Chadwick Chalmers Chamberlain Chan Chaney Chang Chaparro Chapman Chappell
    Charbonneau Charlton Charoenrat Charpentier Charrier Chartier Chatterton Chaudhari
    Chaudhary Chaudhry Chaudhuri Chauhan Chauveau Chauvet Chauvin Chaves Chawla Cheema Chen
    Cheney Cheng Cherkaoui Cheung Chevallier Chhabra Chhetri Chiang Childers Childs Chisholm
    Chiu Chmielewski Cho Choi Chojnacki Chong Chopra Choque Chou Choudhary Choudhury Chowdhury
    Choy Christensen Christiansen Christodoulou Chrétien Chua Chukwu Chun Chávez Cichocki
    Cieślak Cifuentes Ciobanu Cirillo Cisneros Cisse Cissé Claes Claessens Claeys Clancy
    Clapham Clark Clarke Clarkson Clemons Cline Cloutier Cobb Cochran Cochrane Cockburn Coelho
    Coenen Coetzee Coghlan Cohen Colas Colbert Coleman Collado Collazo Collins Collinson
    Colombo Colvin Comstock Concepción Condori Conley Conlon Connell Connelly Conner Connolly
    Connors Conroy Constantinescu Contreras Conway Cooke Cooley Coombs Copeland Coppola
    Corbett Corcoran Cordier Cormier Cornejo Cornelissen Cornwell Coronado Correia Corrigan
    Cortez Costantini Costanzo Coste Costello Cotter Coulibaly Coulon Coulter Couturier
    Covarrubias Cowan Cowley Cox Coyle Coyne Coşkun Crabtree Crandall Cranston Crawford
    Creighton Crenshaw Cristea Cristiani Crockett Croft Cromwell Cronin Crosby Crossley Crowe
    Crowley Crowther Cruickshank Cuadrado Cuellar Cuenca Cuervo Culbertson Cullen Culpepper
    Cummings Cummins Cunha Cunningham Curran Currie Cuéllar Czajkowski Czarnecki Czerwiński
    Cárdenas Córdova Dahan Dahl Dahlberg Daigle Dalal Dalton Daly Dandurand Dange Daniels
    Danielsen Danielsson Dasgupta Datta Davenport Davey Davidson Davies Davis Davison
    Davydenko Dawkins Dawson DeLuca Decker Dehmel Dekker Dekkers Delage Delahaye Delannoy
    Delattre Delaunay Delgadillo Delmas Delorme Demers Demirci Demirel Demirtaş Dempsey Deng
    Denham Denton Desai Descamps Deschamps Deshmukh Deshpande Desjardins Desrosiers Devaux
    Devine Devlin Dewan Dhar Dhawan Dhillon Dhingra Diaconu Diallo Dias Dickens Dickerson
    Dickinson Dickson Diehl Dietz Dijk Dijkman Dijkstra Dillard Dimaculangan Dimitriou
    Dimitrov Dimitrova Dinh Diniz Dinu Dion Diop Diot Dissanayake Dixit Dixon Dizon Dlamini
    Doan Dobbs Dobson Dodd Dodson Doherty Dolan Doležal Domański Domingues Domínguez Donahue
    Donaldson Donati Donnell Donnelly Donoghue Donohue Dooley Doran Dorsey Doshi Dougherty
    Dowd Dowling Downey Downing Drake Drayton Dreher Drescher Driessen Driscoll Drouin Drozd
    Drummond Drury Dryden Duan Duarte Dubey Dubois Dubuc Dubé Duchesne Duckworth Duclos Dudek
    Dueñas Duffy Dufour Dugan Duggan Duhamel Duijn Dumas Dumont Dunbar Dunham Dunlap Dunlop
    Dunn Dunne Duong Dupond Dupont Dupuis Dupuy Durand Durmaz Durán Dutt Dutta Dutton Duval
    Dušek Dvořák Dvořáková Dwivedi Dwyer Dziedzic Dávila Díaz Díez Döring Dörr Dąbrowska
    Dąbrowski Dương Eagleton Easterbrook Eastman Eastwood Eaton Eberhardt Ebert Eccles
    Echeverri Echeverría Eckert Economou Edmonds Edmondson Edwards Egan Ehlers Eichhorn Eide
    Ek Ekholm Ekinci Eklund Ekström Eldridge Eliassen Elizondo Elkins Ellington Ellison Elmore
    Elsayed Emmerson Enache Ene Engelhardt Engels Ennis Enríquez Erdmann Ergün Erickson
    Ericson Eriksen Eriksson Ersoy Ervin Escalante Escobar Escobedo Escudero Esparza Espinosa
    Espinoza Esposito Esquivel Esser Estes Estévez Etheridge Evans Evers Evrard Ewing Eze
    Fabbri Fabre Fahmy Fairbanks Fajardo Falconer Falkowski Fallon Farahani Farkas Farley
    Farnsworth Farr Farrar Farrell Farris Farrow Farías Faulkner Faure Favre Fawcett Faye
    Fazekas Fazio Fedorov Feeney Fehér Fekete Feldmann Felton Feng Fenton Fenwick Ferguson
    Fernandes Fernandez Fernández Ferrand Ferrante Ferrara Ferraro Ferreira Ferrell Ferrer
    Ferretti Ferri Fiala Fidan Fiedler Figueiredo Figueroa Filipović Filippov Findlay Findley
    Finney Firth Fischer Fitzgerald Fitzpatrick Fitzroy Fjeld Flanagan Flannery Fleming Flynn
    Flórez Fodor Foley Folsom Fong Fonseca Fontes Foote Fordham Forrester Forsberg Forster
    Forsyth Fortin Foucher Fouquet Fourie Fournier Foxworth Frampton Franceschini Francois
    Frandsen Franke Fransson Fraser Frazier Fredriksen Fredriksson Freitas Frey Fricke
    Friedman Fritsch Frolov Fromm Frye Fröhlich Fuchs Fujii Fujimoto Fujita Fujiwara Fukuda
    Fukui Fulton Fumagalli Fung Furtado Furukawa Fusco Förster Gagnon Gagné Gaillard Gaitán
    Gajewski Galarza Galbraith Galindo Gallagher Gallardo Gallegos Gallet Galli Galloway
    Galván Galvão Gamal Gamboa Gandhi Ganesan Ganguly Gannon Gao Gaona Garay Garber García
    Gardiner Gardner Garfield Garg Garibay Garner Garnier Garofalo Garrido Garvey Garza Gascón
    Gaskell Gastelum Gaudin Gauthier Gautier Gavilán Gaytán Geary Gebauer Gebhardt Geerts
    Geiger Geisler Geißler Genovese Geoffroy Georgescu Georgiadis Georgiev Georgiou Gerber
    Gerlach Gerritsen Geyer Gharbi Ghorbani Ghosh Gibbons Gibbs Gibson Giese Gifford Gil
    Gilchrist Gillespie Gillet Gilliam Gillies Gilligan Gilmore Gilmour Giménez Giorgi Giraldo
    Girard Giraud Girón Giuliani Gleason Gleeson Glover Godard Godoy Godwin Godínez Goel Goff
    Goh Gokhale Goldberg Goldsmith Goldstein Golob Golubev Gomes Goncalves Gonzáles González
    Gonçalves Goodall Goodman Goodson Goodwin Goossens Gopalan Gorbachev Gorman Gosai Gosselin
    Goswami Gough Gould Goulet Gouveia Govender Goyal Grabowska Grabowski Grainger Grajeda
    Granados Granger Grayson Graziani Greenberg Greene Greenfield Greer Greig Gresham Grewal
    Grgić Grier Griffin Griffiths Grigoriev Grijalva Grimaldi Grimes Grimshaw Griswold Groen
    Grondin Grover Grubb Grzelak Guajardo Guan Guardado Guerin Guevara Guha Guichard Guidi
    Guillet Guillot Guillou Guillén Guimarães Gulati Gulbrandsen Gulyás Gunawan Gunawardena
    Gundersen Gunnarsson Guo Gupta Gurule Gurung Gusev Gustafsson Gustavsson Guthrie Gutierres
    Gutiérrez Gutowski Guyot Guzmán Guérin Gál Gálvez Gámez Gärtner Gómez Górecki Górski Göbel
    Gülen Gündüz Güneş Güngör Głowacki Haaland Haan Haase Hackett Haddad Haddou Hagan Hagemann
    Hagen Haggerty Haider Haines Halder Halford Halim Hallam Hallberg Halliday Halloran Halsey
    Halstead Halvorsen Hamada Hamann Hamblin Hamdan Hamidi Hamlin Hammami Hammond Hamon
    Hancock Haney Hanks Hanley Hansdotter Hansen Hanson Hansson Haq Haque Harada Harcourt
    Hardwick Hargreaves Harker Harkins Harlow Harman Harmon Harrell Harrington Hartley Hartman
    Hartmann Hartono Hartung Hartwell Harwood Hasegawa Hashemi Hashimoto Hashmi Hatfield
    Hathaway Hattori Haugen Hauser Havlíček Hawkins Hawley Hawthorne Hayashi Hayes Haynes
    Hayward Haywood Healey Healy Heaney Hearn Heaton Hebert Heck Hedlund Hegde Hegedűs Heider
    Heijden Heikkinen Heinemann Heinonen Heinze Heise Helgesen Heller Hellström Hellwig Helms
    Hemingway Henderson Hendricks Hendrickson Hendriks Hendrix Henkel Henley Hennessy Hennig
    Henriksen Henriksson Henriquez Henríquez Hensley Henson Hentschel Heo Hepburn Hermans
    Hermansson Hernandes Hernández Herold Herrera Herrmann Herzog Heuer Hewitt Heydari Heß
    Hickey Hickman Hicks Hidayat Higginbotham Higgins Hildebrandt Hilliard Hines Hinkle
    Hinojosa Hinton Hinz Hirano Hirata Hirose Hirsch Hoa Hoang Hoarau Hobbs Hobson Hodge
    Hodges Hodgkinson Hodgson Hoek Hoekstra Hofer Hoffman Hoffmann Hofmann Hofstra Hogan
    Hohmann Holbrook Holcomb Holden Holliday Hollingsworth Hollins Hollis Holloway Holm Holman
    Holmberg Holmes Holmgren Holmqvist Holt Holton Holub Honeycutt Hooper Hopkins Hoppe Hori
    Hornby Horne Horner Horstmann Horton Horvat Horváth Horák Horáková Horáček Hoshino Hoskins
    Hossain Hosseini Houghton Howarth Howe Howells Hoyle Hoyos Hribar Hristov Hruška Hsiao
    Hsieh Hsu Hu Huamán Huang Hubbard Huber Huddleston Huerta Huet Huff Huffman Huggins Hughes
    Huisman Hulme Humbert Hummel Humphreys Humphries Huntington Huq Hurley Hurtado Hussaini
    Hutchins Hutchinson Hutchison Hutton Huxley Huynh Huỳnh Hwang Hynes Hájek Hämäläinen
    Håkansson Hébert Höfer Höhn Hübner Hồ Iacono Ibarra Ibáñez Ichikawa Idrissi Igarashi
    Iglesias Igwe Iida Ikeda Iliev Ilić Imai Imbert Ingham Ingles Ingram Innes Inoue Ioannidis
    Ioannou Ionescu Irizarry Irvine Isaksen Isaksson Isherwood Ishida Ishihara Ishii Ito Itō
    Ivanenko Ivanov Ivanova Ivanović Iversen Ives Iwasaki Iwata Iyengar Iyer Jabłoński Jackman
    Jackson Jacobs Jacobsen Jacobson Jacquet Jadhav Jafari Jaffer Jahan Jahn Jaiswal Jakobsen
    Jakobsson Jameson Jamieson Jamil Janda Jang Janik Jankauskas Janković Jankowska Jankowski
    Jansen Janson Janssen Janssens Jansson Jaramillo Jardine Jarman Jasiński Jasso Jaworski
    Jayaraman Jayasinghe Jayawardena Jebali Jeffers Jefferson Jeffries Jelínek Jenkinson
    Jennings Jensen Jeong Jeppesen Jespersen Jessop Jha Jiang Jimenes Jimenez Jiménez Jobin
    Johal Johansen Johansson Johns Johnsen Johnson Johnston Johnstone Jones Jong Jonge Jonker
    Jonsson Jorgensen Joshi Joubert Jourdan Jovanović Joyner Juhász Juma Jurić Jurišić Juárez
    Jáquez Jäger Järvinen Jönsson Jørgensen Kaczmarczyk Kaczmarek Kaczyński Kadlec Kakkar
    Kalinowski Kalniņš Kamara Kamińska Kamiński Kane Kaneko Kang Kao Kapadia Kaplan Kapoor
    Kapur Karabulut Karaca Karadağ Karagiannis Karahan Karakaya Karakaş Karakuş Karami Karataş
    Karimi Karlsen Karlsson Karpiński Karpov Karunaratne Kashyap Kask Kasprzak Katayama Katić
    Kato Katona Katz Katō Kaufman Kaufmann Kaul Kaur Kavanagh Kawaguchi Kawakami Kawamoto
    Kawamura Kawashima Kazemi Kazlauskas Kaçar Kaźmierczak Keane Kearney Kearns Keating Keaton
    Keefe Keegan Keeler Keenan Keene Keller Kellner Kemp Kendrick Kennedy Kenyatta Kenyon Kerr
    Kerrigan Kershaw Keskin Kessler Ketchum Keßler Khanna Khatri Khatun Khosla Khoury Khumalo
    Kidd Kiefer Kikuchi Kiley Kilgore Killian Kimball Kimble Kimura Kincaid Kingsley Kinney
    Kinnunen Kinoshita Kinsey Kirchner Kirkland Kirkpatrick Kirkwood Kirsch Király Kiselev
    Kitamura Kjeldsen Kjær Klemm Klose Kluge Knapp Knežević Knightley Knowles Knox Knudsen
    Knutsen Kobayashi Kocaman Koch Kocsis Kohli Koike Koirala Koivisto Kojima Kok Kolb
    Kolesnikov Kolář Komarov Komatsu Konaté Kondo Kondō Konieczny Koning Konstantinidis Koné
    Kopecký Korhonen Korkmaz Kos Koskinen Koster Kothari Kotnik Kouassi Kovalchuk Kovalenko
    Kovalev Kovač Kovačević Kovačić Kovács Kováč Kovář Kowalczyk Kowalewski Kowalska Kowalski
    Kozak Kozieł Kozlov Kozłowska Kozłowski Koçak Kołodziej Krajewski Kralj Kramer Kranz
    Kratochvíl Kraus Krause Krauß Kravchenko Kravchuk Krawczyk Krejčí Kremer Kretschmer Kreß
    Krieger Krishnamurthy Krishnamurti Kristensen Kristiansen Kristoffersen Krstić Krueger
    Kruger Krupa Kruse Krylov Král Krämer Król Kröger Krüger Kubiak Kucharski Kuhn Kuijpers
    Kuiper Kuipers Kulkarni Kumar Kundu Kunz Kunze Kuo Kurek Kurian Kurniawan Kuroda Kuzmin
    Kuznetsov Kuznetsova Kučera Kučerová Kwan Kwiatkowska Kwiatkowski Kwok Kwon Kwong Köhler
    Köhn Körner Kühn Kühne Kılınç Kılıç Kříž Laaksonen Labbé Lacerda Lacey Lachance Lacombe
    Lacroix Lafferty Laflamme Lafleur Lagarde Lahtinen Lai Laine Lainé Laird Lakatos Lalande
    Lamba Lambrecht Lammers Lamont Landry Langdon Langer Langford Langley Langlois Langston
    Lanham Lansing Lapierre Laplante Lapointe Laporte Larkin Larsen Larson Larsson Laskowski
    Latham Latimer Lau Lauer Launay Laursen Lavigne Lavoie Lawler Lawlor Lawson Lawton Layton
    Leahy Leary Leavitt Lebedev Lebel Leblond Lebreton Lebrun Lechner Leclerc Leclercq Lecocq
    Lecomte Ledbetter Ledesma Ledford Leduc Leduq Leeuwen Lefebvre Lefevre Lefort Lefèvre
    Legendre Leggett Legrand Legros Lehmann Lehtinen Lehtonen Leighton Leiva Lejeune Leleu
    Lelièvre Lemaire Lemaitre Lemay Lemieux Lemke Lemoine Lemos Lennon Lennox Lenoir Lenz
    Leong Leppänen Lerma Leroux Lesage Lessard Leszczyński Leung Leveque Levesque Levin Levine
    Levy Lewandowska Lewandowski Leyva Liang Liao Lilley Lin Lind Lindberg Lindemann Linden
    Lindgren Lindholm Lindley Lindner Lindqvist Lindström Linke Liou Lipiński Lis Litchfield
    Liu Livingston Livingstone Liška Llorente Locatelli Locke Lockhart Loera Loftus Loh
    Lohmann Lok Lomax Lombardi Lombardo Lomeli Londoño Longfellow Longoria Lončar Loomis Lopes
    Lopez Lorente Lowe Lowell Lowery Lowry Loya Lozada Lozano Lucero Ludlow Lugo Lui Luján
    Lukić Lukács Lundberg Lunde Lundgren Lundin Lundqvist Lungu Luo Luong Luque Lustosa Luthra
    Lyons Lysenko Lytle Lytvynenko Léger Lévesque Lévy Lévêque Lê López Löffler Löfgren Lương
    Maas Mabry MacDonald MacGregor MacKay MacKenzie MacLean MacLeod Macapagal Macdonald Macedo
    Macfarlane Machado Macháček Macias Maciejewski Macintyre Mackay Mackie Mackintosh Maclean
    Macleod Macmillan Macpherson Macías Maddox Madej Madrigal Madsen Madureira Maeda Maes
    Magalhães Magaña Magee Maggi Magnussen Magnusson Magsaysay Maguire Magyar Mahajan Mahal
    Maharaj Mahe Mahlangu Mahon Mahoney Mahé Maia Maier Maillard Maillet Maillot Majchrzak
    Majewski Majumdar Majumder Makarov Makowski Makris Malagón Maldonado Malhotra Malinowski
    Malley Mallick Malloy Malone Maloney Malý Mamani Manalo Mancini Mandal Mander Mangan
    Mangubat Mani Manrique Mansouri Manzanares Manzano Manzoni Marchal Marchetti Marchi
    Marciniak Marechal Mareš Mariani Marinescu Marinho Marini Marinković Marić Marjanović
    Markov Marković Marková Markowski Marlow Marques Marrero Marrone Marroquín Marsden Marston
    Martel Martens Martineau Martinelli Martinović Martins Martinsen Martínez Maruyama Marx
    Mascarenhas Mascheroni Masri Masterson Masuda Matei Mateos Mather Mathew Mathews Mathur
    Matias Matić Matos Matoušek Matsuda Matsui Matsumoto Matsumura Matsuo Matsushita Matthews
    Mattila Mattingly Mattsson Matusiak Matuszewski Matveev Maughan Maurer Maury Mayer
    Mayfield Maynard Mayorga Mayr Mazur Mazurek Mazzini Mašek Mbeki McAllister McBride McCabe
    McCaffrey McCain McCall McCallum McCann McCarthy McCartney McCarty McClain McClellan
    McClure McConnell McCormack McCormick McCoy McCracken McCullough McDaniel McDermott
    McDonald McDonnell McDonough McDowell McElroy McFadden McFarland McGee McGill McGovern
    McGowan McGrath McGraw McGregor McGuire McHugh McIntosh McIntyre McKay McKee McKenna
    McKenzie McKinley McKinney McKnight McLaughlin McLean McLeod McMahon McManus McMillan
    McMullen McNally McNamara McNeil McNeill McNulty McPherson McQueen McRae McVey Mccall
    Mccarthy Mcclain Mcclure Mcconnell Mccormick Mccoy Mccullough Mcdaniel Mcdonald Mcdowell
    Mcfarland Mcgee Mcguire Mcintosh Mcintyre Mckay Mckee Mckenzie Mckinney Mcknight
    Mclaughlin Mclean Mcmahon Mcmillan Mcneil Mcpherson Meade Mears Medeiros Medlock Medrano
    Medvedev Mehra Mehrotra Mehta Meier Meijer Meinhardt Mejía Melgar Melnyk Melo Meloni
    Melton Meléndez Memon Menchaca Mendes Mendonça Meneses Menezes Menon Mensah Menzel Merkel
    Merrill Merritt Mertens Merz Metcalf Metcalfe Metz Metzger Meyer Meyers Meza Michaels
    Michalak Michalski Michaud Micheli Middleton Miethke Miettinen Mihajlović Mikhailov
    Mikkelsen Mikołajczyk Milburn Milić Millard Millet Milligan Milne Milošević Minhas Minton
    Miramontes Mirza Mishra Misra Mistry Mitrović Miura Miyamoto Miyata Mizrahi Mizuno Mkhize
    Mocanu Mochizuki Moen Moffett Mogensen Mohammadi Mohanty Mok Mokoena Molefe Molina Moliner
    Molloy Molnár Monaghan Mondragón Monnier Monroe Monroy Montague Montalvo Montanari
    Montanelli Montañez Monteiro Montemayor Montero Montgomery Montoya Moore Moorehead Moosa
    Moradi Moraes Morais Morales Moran Morandi Moravec Morawski Moreau Moreira Morel Moreland
    Morelli Moreno Moretti Moriarty Morimoto Morin Morita Morley Morozov Morozova Morrell
    Morrison Morrissey Mortensen Morvan Morán Mosby Moseley Mosley Mostafa Moura Mousavi
    Mroczek Mróz Mthembu Mukherjee Mukherji Mukhopadhyay Mulcahy Mulder Mullen Muller Mulligan
    Mullins Munguía Munro Munteanu Murakami Murata Murcia Murdoch Murillo Murphy Murrell
    Murthy Musgrave Musiał Musil Mussolini Mutua Muñoz Myers Myhre Márquez Mägi Mäkelä Mäkinen
    Mårtensson Méndez Mészáros Möller Møller Müller Münch Nadeau Nadkarni Nagar Nagarajan Nagy
    Naidoo Naidu Naik Nair Najjar Nakagawa Nakajima Nakamura Nakano Nakashima Nakata Nakayama
    Nam Nance Napier Napolitano Narang Narayanan Narváez Nascimento Nassar Nasution Natarajan
    Naumann Navarrete Navarro Navrátil Nawrocki Nayak Nayar Nazari Ndiaye Ndlovu Neagu Neal
    Neale Negrón Neill Nel Nesbitt Neubauer Neuhaus Neumann Nevárez Newberry Newell Newman
    Newsome Ng Ngai Ngcobo Ngo Nguema Nguyen Nguyễn Ngô Nicholls Nichols Nicholson Nickerson
    Nicolson Nielsen Niemann Niemi Nieminen Nijland Nikitin Nikolaev Nikolaidis Nikolaou
    Nikolić Nikolov Nilsen Nilsson Nishida Nishimura Nishiyama Nistor Nkosi Nkrumah Noack
    Noguchi Nogueira Noh Nolte Nomura Norberg Nordgren Nordin Nordström Norouzi Norris
    Northcott Nott Novaes Novaković Novikov Novotná Novotný Novák Nováková Nowaczyk Nowak
    Nowakowski Nowell Nowicki Noyes Nugent Nugroho Nunes Nuttall Nwosu Nyberg Nygaard Nygård
    Nyman Nyström Németh Núñez Němcová Němec Oates Obi Oblak Obrien Ocampo Ocasio Ochoa
    Oconnor Odhiambo Odonnell Oduya Ogawa Ogunleye Ohashi Oishi Ojala Ojeda Ojo Okada Okafor
    Okamoto Okamura Okazaki Okeke Okonkwo Okoro Okoye Okubo Olawale Oldham Oliveira Olivera
    Oliynyk Ollivier Olofsson Olsen Olson Olsson Olszewski Olvera Oláh Omondi Oneal Oneill Ong
    Onishi Onodera Ontiveros Onyango Ordóñez Orellana Orlov Orosco Orosz Orozco Ortega Ortiz
    Ortmann Orłowski Osborn Osei Osiński Osorio Ospina Ostrowski Otani Otero Otieno Otsuka
    Ottosson Ouattara Ouellet Ouyang Overton Oviedo Owczarek Owens Owusu Oxley Ozaki Ozawa
    Ozols Pacheco Pacini Padgett Padilla Padmanabhan Padrón Pagano Paget Pagán Pai Pająk
    Palani Palmieri Palumbo Pamuk Pandey Pandya Pang Panganiban Pangilinan Panicker Pant
    Pantoja Paoletti Papadakis Papadimitriou Papadopoulos Papadopoulou Papageorgiou Papp
    Pappas Paprocki Paquet Paquette Pardue Parekh Parikh Parisi Parkes Parkinson Parmar
    Parnell Parris Parrish Parry Pascoe Pasquier Patel Paterson Pathak Patil Patiño Patnaik
    Patra Patterson Pau Paulsen Paulson Paulus Pauwels Pavarotti Pavić Pavlenko Pavlov
    Pavlović Pavlíček Pawlak Pawlik Pawłowski Paxton Payet Payne Pearce Pedersen Pedraza
    Pedrosa Peeters Peixoto Peker Pellegrini Pellegrino Pellerin Pelletier Peltier Peláez
    Pemberton Pender Pendleton Peng Pennington Penrose Perales Peralta Percival Pereira Perera
    Peres Peretz Perez Perić Perišić Perkins Peron Perret Perrier Perrin Perron Perrone Perrot
    Persson Peters Petersen Peterson Petersson Petitjean Petković Petrakis Petrauskas Petrenko
    Petrov Petrova Petrović Pettersen Pettersson Pettigrew Pfeifer Pfeiffer Pham Phan Phelan
    Phelps Philips Phillips Phipps Phommachanh Phạm Piasecki Piccirillo Pickard Pickering
    Pickett Pietrzak Pietsch Pilkington Pillai Pillay Pimentel Pineau Pinheiro Pinho Pinna
    Pintér Pinzón Piotrowska Piotrowski Pires Pitkänen Pittman Pizarro Piña Piątek Podgórski
    Poggi Pohl Poindexter Poitras Pokorný Polak Polanco Poli Polishchuk Polák Ponomarenko Poon
    Popa Popescu Popov Popova Popović Popp Posey Pospíšil Postma Potočnik Poulin Pouliot
    Poulsen Poveda Powell Prabhu Pradhan Pratama Prater Pretorius Preuß Prevost Prewitt
    Prichard Prins Pritchard Procházka Procházková Proulx Pruitt Przybylski Prévost Puckett
    Puga Pugh Puig Purcell Purdy Purnama Purohit Putnam Pyle Páez Pépin Pérez Péron Qian Qin
    Qiu Quach Quan Quesada Quevedo Quezada Quigley Quinlan Quintanilla Quintero Quiroga Quirós
    Quispe Quiñones Qureshi Raab Rabbani Radcliffe Rademacher Radford Radić Rafferty Raghavan
    Rahimi Rahman Raina Rainey Rajagopal Rajagopalan Rajapaksa Rajput Ralston Ramachandran
    Ramakrishnan Raman Ramanathan Ramaswamy Ramires Ramsay Ramsey Ramírez Ranganathan
    Rangarajan Rangel Rantanen Rao Rapp Rascón Rasmussen Rathod Rathore Raut Raval Ravn Rawal
    Rawat Rawlings Rawlins Raynaud Rayner Reardon Rebelo Rebolledo Reddy Redford Redman
    Redmond Reece Rees Reese Reeve Reeves Regalado Regnier Reichel Reichert Reid Reilly
    Reimann Reimer Rendón Renfro Renner Renshaw Renteria Restrepo Reséndez Reuter Reyna
    Reynaud Reynolds Reynoso Rezaei Rezende Ribas Ribeiro Ribera Ricci Ricciardi Richards
    Richardson Richmond Richter Ricketts Riddell Ridgeway Ridley Riedel Rieger Rigby Rinaldi
    Rincon Riou Rioux Riquelme Ritchie Rivard Rivas Rivera Rivero Rizvi Rizzo Robb Robbins
    Roberson Roberts Robertson Robinson Robitaille Robledo Robson Rochester Rodarte Rodgers
    Rodrigues Rodríguez Rogers Rogowski Rohde Rojas Roldán Rolland Rollins Romagnoli Romanov
    Romanowski Romero Rooney Roosevelt Rosenberg Rosenfeld Rosenthal Rossetti Rossi Rostami
    Roth Rothe Rothwell Rourke Rousseau Roussel Rousset Rowell Rowley Roybal Roychowdhury
    Royer Rubin Rudenko Ruggeri Ruiter Ruiz Runge Rupp Rushton Russo Rusu Rutherford Rutkowski
    Ruvalcaba Rybak Ryder Ryland Rácz Räsänen Röder Röhrig Römer Růžička Saar Saarinen
    Saavedra Sabbagh Sabharwal Sabry Sachdev Sachdeva Sadeghi Sadler Sadowski Saetang Saha
    Sahni Sahota Sahu Saidi Saini Saito Saitō Sakai Sakamoto Sakurai Salazar Salcedo Salcido
    Saldaña Saldivar Saleh Salehi Salisbury Salminen Salonen Salonga Samaniego Sampaio Sampson
    Samra Samuels Samuelson Samuelsson Sandberg Sanders Sanderson Sandford Sandhu Sandler
    Sandoval Sandström Sandvik Sanford Sangha Sankar Sankaran Sanmartín Santacruz Santamaría
    Santillán Santini Santoro Santos Sanz Saputra Saputro Sarabia Saraiva Sarin Sarkar Sarr
    Sartori Sasaki Sastry Sathe Sato Satō Sauceda Saucedo Saunders Savant Savard Savchenko
    Savić Savolainen Sawicki Saxena Saxton Sayegh Scarpa Schaap Schaefer Schafer Schaller
    Schenk Scherer Schiller Schindler Schlegel Schlosser Schlüter Schmid Schmidt Schmidtke
    Schmitt Schmitz Schneider Scholten Scholz Schott Schouten Schrader Schramm Schreiber
    Schroeder Schröder Schröter Schubert Schuler Schulte Schultz Schultze Schulz Schulze
    Schumacher Schumann Schwab Schwartz Schweizer Schäfer Schönfeld Schürmann Schütte Schütz
    Schütze Scotti Seaton Seaver Sedillo Sedláček Seeger Seguin Sehgal Seidel Seifert Seiler
    Seitz Seixas Sekiguchi Semenov Sengupta Seok Seppälä Sepulveda Sepúlveda Sergeev Serrato
    Sethi Setty Sewell Shackleton Shaffer Shah Shaheen Shaikh Shami Shanmugam Shao Shapira
    Shapiro Sharma Sharpe Shaw Shea Shearer Sheehan Shelton Shen Shenoy Shephard Sheppard
    Sheridan Sherman Sherpa Sherwood Sheth Shetty Shevchenko Shevchuk Shi Shibata Shimada
    Shimizu Shinde Shinohara Shockley Shrestha Shroff Shukla Sibal Siddiqui Sidhu Sidorov
    Sidwell Siebert Siegel Sievers Sikdar Sikora Sikorski Silva Silveira Silvestri Simanjuntak
    Simard Simić Simmonds Simmons Simms Simonetti Simons Simonsen Simpson Sims Simões Sinclair
    Singh Singhal Sinha Sipos Siqueira Siregar Sisneros Sithole Siu Sjöberg Sjögren Sjöström
    Skelton Skiba Skov Skowroński Slimani Sloane Sluis Smallwood Smeets Smirnov Smirnova Smit
    Smith Smithson Smits Smyth Smythe Snider Snijders Snyder Soares Sobczak Sobczyk Sodhi Sohn
    Sokolov Sokolova Sokołowski Solanki Solberg Soliz Solorio Solorzano Solís Soman Somers
    Somerville Soni Sood Sorensen Sorokin Sorrentino Sosa Sosnowski Sotelo Sousa Souza Sow
    Speight Spiegel Spinelli Spooner Sprague Srinivasan Srivastava Stachowiak Stadler Staley
    Stankiewicz Stanković Stanton Stapleton Starkey Stasiak Steadman Steele Steen Stefanelli
    Stefański Steinbach Steinbrecher Steiner Steinmann Stepanov Stephens Stephenson Stevens
    Stevenson Steyn Stillman Stirling Stoddard Stoica Stojanović Stokes Stoll Stolze Stoyanov
    Strickland Strobel Stroud Ström Strøm Sturm Stępień Subagyo Subramanian Sugawara Suggs
    Sugimoto Sugiyama Suh Sulistyo Sullivan Sumner Sundaram Sundberg Sundqvist Sundström Suri
    Suryanto Sutanto Sutcliffe Sutherland Sutton Suwan Suárez Svendsen Svensson Svoboda
    Svobodová Swaminathan Swamy Swanepoel Swann Swanson Sweeney Swenson Sykes Symonds Szabó
    Szalai Szczepański Szeto Szewczyk Szilágyi Szulc Szymańska Szymański Szymczak Szűcs Sáenz
    Sáez Sánchez Séguin Söderberg Söderström Sönmez Sørensen Sýkora Tachibana Tadić Tafoya
    Taft Taggart Taguchi Takada Takagi Takahashi Takano Takayama Takeda Takeuchi Takács
    Talbott Talwar Tamang Tamayo Tamm Tamura Tanabe Tanaka Tandon Taneja Taniguchi Tanuwijaya
    Tapia Tarasov Tavares Tazi Taşkın Teague Techer Tedesco Tehrani Teichmann Teixeira Tejada
    Tejeda Teles Tella Tello Templeton Teng Terrazas Terán Tessier Thach Thacker Thakkar Thapa
    Thibodeau Thiel Thiele Thompson Thomsen Thomson Thornton Thorpe Thorsen Thorsson Thurman
    Thurston Tian Tichý Tierney Tilley Tillman Timmerman Timmermans Timmons Timms Tipton
    Tirado Tiwari Tkachenko Tkachuk Todorov Todorović Toh Toivonen Tolbert Toman Tomaszewski
    Tomczak Tominaga Tomita Tomić Tomlin Tomlinson Tommasi Tompkins Toole Torres Toure Touré
    Tovar Townsend Toyoda Trabelsi Tran Traore Traoré Trapp Treadwell Trejo Tremblay Trentin
    Trevino Treviño Trimble Trinh Tripathi Trivedi Trub Trudeau Trueman Trujillo Truong Trương
    Trần Trịnh Tsai Tsang Tse Tseng Tsoi Tsuchiya Tsui Tsukamoto Tubman Tully Tuominen
    Turcotte Turek Turnbull Turner Turunen Tuttle Tveit Tweedy Twomey Tyagi Tymoshenko Téllez
    Tétreault Tóth Török Türkmen Uchida Uchiyama Ueda Uehara Ullmann Ullrich Underhill
    Underwood Upadhyay Upchurch Upshaw Urbanek Urbański Uribe Urquhart Urrutia Urías Usher
    Uysal Uçar Vacek Vachon Vaillancourt Valadez Valdez Valdivia Valdés Valenzuela Valladares
    Vallejo Vanegas Vaněk Varela Varga Vargas Varghese Varkey Varma Varughese Vasconcelos
    Vasilescu Vasiliev Vasiliou Vasseur Vaughan Vaz Veen Veenstra Veillon Velasco Velde
    Velásquez Velázquez Venable Venegas Venkataraman Venkatesan Venter Venturi Verbeek
    Verbruggen Verdier Verhagen Verhoeven Verhulst Verma Vermeer Vermeulen Veselý Vetter Viana
    Viau Vickery Vidović Vieira Viera Vigneault Viklund Vila Vilca Villalobos Villalpando
    Villanueva Villareal Villarreal Villaseñor Villegas Vinogradov Vinson Vinther Virtanen
    Visser Vitali Viteri Viñas Vlachos Vlasov Vliet Vlček Vo Vohra Voigt Volkov Volkova
    Vollmer Vorobyov Vos Voss Voß Vries Vroom Vu Vukić Vuković Vural Vyas Válek Vásquez Vávra
    Vázquez Väisänen Vélez Võ Vörös Vũ Wadsworth Wagle Wagner Wahlström Wainwright Walczak
    Waldron Waller Wallin Wallis Walsh Walters Walton Wanamaker Wang Warsi Wasilewski Wason
    Watanabe Watkins Watkinson Waugh Wawrzyniak Webb Webber Weber Wegener Wegner Weidner
    Weigel Weimer Weinberg Weiner Weinert Weinhold Weinstein Weiss Wen Wendt Weng Wentworth
    Wesołowski Westbrook Westcott Westergaard Wetherby Wetzel Wever Whalen Whelan Whitaker
    Whitcomb Whitfield Whitley Whitlock Whitman Whitmore Whittaker Whittington Whitworth
    Wibowo Wickramasinghe Wicks Widjaja Widmann Wiegand Wiersma Wierzbicki Wiese Wiggins
    Wijaya Wikström Wilcox Wilk Wilke Wilkerson Wilkes Wilkins Wilkinson Willems Willemsen
    Willett Williams Williamson Willoughby Wilms Wilson Wilton Winkler Winthrop Winton Wirawan
    Wirth Withers Witkowski Witte Wiśniewska Wiśniewski Wojciechowski Wojtkowiak Wolfe Wolff
    Wolter Wolters Womack Wongsakul Woodard Woodson Woodward Worley Worthington Wouters
    Woźniak Wright Wrona Wróbel Wróblewski Wu Wuyts Wyman Wynn Wysocki Wójcik Wójtowicz
    Włodarczyk Xia Xiao Xie Xiong Xu Xue Yadav Yakovenko Yakovlev Yamada Yamakawa Yamamoto
    Yamanaka Yamasaki Yamashita Yamauchi Yamazaki Yanagi Yancey Yang Yano Yao Yap Yarbrough
    Yasuda Yates Yazıcı Ybarra Yeager Yeh Yeo Yeoh Yeung Yim Yip Yohannan Yokoyama Yoon
    Yoshida Yoshikawa Yoshimura Yoshino Yuan Yuen Yun Yáñez Yüce Yüksel Yıldırım Zaidi Zaitsev
    Zając Zakharov Zakrzewski Zalewski Zambrano Zamorano Zanella Zanetti Zarate Zavala
    Zawadzki Zayas Zelenskyy Zeller Zeman Zeng Zengin Zepeda Zhang Zhao Zheng Zhong Zhou Zhu
    Zhukov Zidane Ziegler Zielińska Zieliński Zijlstra Zimmerman Zimmermann Zito Ziółkowski
    Zobel Zoghbi Zorić Zou Zuma Zupan Zwart Zárate Zúñiga Águila Álvarez Åberg Åkesson Åström
    Çakmak Çakır Çalışkan Çelik Çetin Çiftçi Çınar Öberg Östlund Özcan Özdemir Özmen Öztürk
    Ødegård Ünal Ünlü Ćosić Čech Čermák Černá Černý Đinh Đoàn Đặng Đỗ İnan Łuczak Ōta Říha
    Şimşek Šarić Ševčík Šimek Šimić Štěpánek Šťastný Żak Żukowski Živković
    """.split()
)

_LETTERS = str.maketrans(
    {"ß": "ss", "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ı": "i"}
)


def unaccented(names: Iterable[str]) -> set[str]:
    """The names as they are written on a keyboard without accents."""
    return {
        "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
        for name in (name.translate(_LETTERS) for name in names)
    }


GIVEN = _GIVEN | (unaccented(n for n in _GIVEN if not n.isascii() and len(n) > 3) - AMBIGUOUS)
SURNAMES = _SURNAMES | (
    unaccented(n for n in _SURNAMES if not n.isascii() and len(n) > 3) - GIVEN - AMBIGUOUS
)
